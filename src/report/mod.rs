//! Reports: core values become tables, tables become text, CSV, JSON, XLSX and HTML.
