// Runs the TypeScript client of imperian-systems, built unchanged from its public source, against a simulated Pax8: reads and writes.
// usage: node typescript_client.cjs ENTRY-OF-THE-BUILT-CLIENT URL, against simulate pax8 --faults commitment=documented,full-lists
// It fails where the client itself is wrong about the service: provisioning-details, subscriptions/{id}/cancel, draft items under
// companies, and invoices that must have a companyId and items that must have a unitPrice.
const { Pax8Client } = require(process.argv[2]);
const url = process.argv[3];
const client = new Pax8Client({ clientId: 'demo-client', clientSecret: 'demo-secret', baseUrl: `${url}/v1`, tokenUrl: `${url}/oauth/token` });
let failed = 0;
const run = async (name, call) => {
  try { const found = await call(); console.log('ok  ', name, Array.isArray(found?.content) ? `${found.content.length} rows` : ''); return found; }
  catch (error) { failed += 1; console.log('FAIL', name, error.message, JSON.stringify(error.details ?? error.cause ?? '')); }
};
(async () => {
  const companies = await run('companies.list', () => client.companies.list({ size: 200 }));
  const first = companies.content[0].id;
  await run('companies.get', () => client.companies.get(first));
  const made = await run('companies.create', () => client.companies.create({ name: 'Foreign Ltd', address: { street: '1 Way', city: 'Bristol', stateOrProvince: 'England', postalCode: 'BS1', country: 'GB' }, phone: '1', website: 'https://foreign.example', billOnBehalfOfEnabled: false, selfServiceAllowed: false, orderApprovalRequired: false }));
  const person = { firstName: 'Ada', lastName: 'Moss', email: 'ada@foreign.example', phone: '1', types: ['Admin', 'Billing', 'Technical'].map((type) => ({ type, primary: true })) };
  const contact = await run('contacts.create', () => client.contacts.create(made.id, person));
  await run('companies.update', () => client.companies.update(made.id, { phone: '2' }));
  await run('contacts.list', () => client.contacts.list({ companyId: made.id }));
  await run('contacts.get', () => client.contacts.get(made.id, contact.id));
  await run('contacts.update', () => client.contacts.update(made.id, contact.id, { ...person, firstName: 'Adele' }));
  const spare = await run('contacts.create', () => client.contacts.create(made.id, { ...person, types: [] }));
  await run('contacts.delete', () => client.contacts.delete(made.id, spare.id));
  const products = await run('products.list', () => client.products.list({ size: 200 }));
  const product = products.content.find((p) => p.name.includes('Password'));
  for (const method of ['get', 'getProvisionDetails', 'getProvisioningDetails', 'getDependencies', 'getPricing'])
    if (client.products[method]) await run(`products.${method}`, () => client.products[method](product.id));
  const order = { companyId: made.id, lineItems: [{ lineItemNumber: 1, productId: product.id, quantity: 3, billingTerm: 'Monthly' }] };
  await run('orders.create isMock', () => client.orders.create(order, { isMock: true }));
  const placed = await run('orders.create', () => client.orders.create(order));
  await run('orders.list', () => client.orders.list({ size: 200 }));
  await run('orders.get', () => client.orders.get(placed.id));
  const subscription = placed.lineItems[0].subscriptionId;
  await run('subscriptions.list', () => client.subscriptions.list({ size: 200 }));
  await run('subscriptions.get', () => client.subscriptions.get(subscription));
  await run('subscriptions.update', () => client.subscriptions.update(subscription, { quantity: 5 }));
  for (const method of ['getHistory', 'history']) if (client.subscriptions[method]) await run(`subscriptions.${method}`, () => client.subscriptions[method](subscription));
  await run('subscriptions.cancel', () => (client.subscriptions.cancel ?? client.subscriptions.delete).call(client.subscriptions, subscription));
  const invoices = await run('invoices.list', () => client.invoices.list({}));
  await run('invoices.get', () => client.invoices.get(invoices.content[0].id));
  await run('invoices.listItems', () => client.invoices.listItems(invoices.content[0].id, { size: 200 }));
  await run('invoices.listDraftItems', () => client.invoices.listDraftItems(first, { size: 200 }));
  // the client has no list of summaries, so the id is read beside it
  let summary;
  for (const one of (await client.subscriptions.list({ size: 200 })).content)
    summary ??= (await (await client.request(`/subscriptions/${one.id}/usage-summaries`)).json()).content[0];
  if (summary) {
    await run('usageSummaries.get', () => client.usageSummaries.get(summary.id));
    await run('usageSummaries.listLines', () => client.usageSummaries.listLines(summary.id, { usageDate: '2026-10-12' }));
  }
  // its webhooks hang below the root, not below /v1
  const hooks = new Pax8Client({ ...client.configuration, baseUrl: url }).webhooks;
  const hook = await run('webhooks.create', () => hooks.create({ displayName: 'x', url: 'http://127.0.0.1:9/', active: true, webhookTopics: [{ topic: 'INVOICE', filters: [{ action: 'CREATED', conditions: [] }] }] }));
  await run('webhooks.list', () => hooks.list({}));
  if (hook) {
    await run('webhooks.get', () => hooks.get(hook.id));
    await run('webhooks.updateStatus', () => hooks.updateStatus(hook.id, { active: false }));
    await run('webhooks.addTopic', () => hooks.addTopic(hook.id, { topic: 'CLIENT', filters: [] }));
    await run('webhooks.testTopic', () => hooks.testTopic(hook.id, 'INVOICE'));
    await run('webhooks.getTopicDefinitions', () => hooks.getTopicDefinitions({}));
    await run('webhooks.delete', () => hooks.delete(hook.id));
  }
  process.exit(failed ? 1 : 0);
})();
