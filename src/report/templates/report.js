
// Filter and sort the tables; without this script they are simply whole and in order.
for (const section of document.querySelectorAll(".report")) {
  const table = section.querySelector("table");
  if (!table || table.tBodies[0].rows.length < 2) continue;
  const rows = [...table.tBodies[0].rows];
  const filter = document.createElement("input");
  filter.className = "filter";
  filter.type = "search";
  filter.placeholder = "Filter rows";
  filter.setAttribute("aria-label", "Filter rows");
  filter.addEventListener("input", () => {
    const wanted = filter.value.toLowerCase();
    for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
  });
  section.querySelector(".scroll").before(filter);
  [...table.tHead.rows[0].cells].forEach((head, at) => {
    const button = document.createElement("button");
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const value = row => row.cells[at].textContent;
      const number = text => Number(text.replaceAll(",", ""));
      const numeric = head.classList.contains("number");
      rows.sort((a, b) => {
        const order = numeric ? number(value(a)) - number(value(b)) : value(a).localeCompare(value(b));
        return up ? order : -order;
      });
      table.tBodies[0].append(...rows);
    });
  });
}
