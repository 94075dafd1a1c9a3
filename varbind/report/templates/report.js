// Searches, filters and sorts the table, and opens the details of a variant. The page works without a network.
"use strict";
(() => {
  const table = document.getElementById("variants");
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const details = JSON.parse(document.getElementById("details").textContent);
  const columns = table.tHead.rows[0].cells.length;
  const field = (id) => document.getElementById(id);
  const texts = rows.map((row) => `${row.textContent} ${row.dataset.words}`.toLowerCase().replace(/\s+/g, " "));
  const number = (row) => Number(row.id.slice(1));

  // Details.
  async function unpack(text) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
    return new Response(stream).text();
  }
  async function open(row) {
    const button = row.querySelector(".open");
    if (button.getAttribute("aria-expanded") === "true") return;
    button.setAttribute("aria-expanded", "true");
    button.setAttribute("aria-controls", "d" + number(row));
    const detail = document.createElement("tr");
    detail.className = "detail";
    detail.id = "d" + number(row);
    const cell = detail.insertCell();
    cell.colSpan = columns;
    row.after(detail);
    if (typeof DecompressionStream === "undefined") {
      cell.textContent = "This browser is too old to unpack the details. Chrome 103, Firefox 113 and Safari 16.4 can.";
      return;
    }
    const place = number(row) - 1;
    const group = await unpack(details.packed[Math.floor(place / details.together)]);
    const inner = document.createElement("div");
    inner.setAttribute("role", "region");
    inner.setAttribute("aria-label", "Details of " + button.textContent);
    inner.innerHTML = group.split("\f")[place % details.together];
    cell.append(inner);
    reach(inner);
  }
  // A picture that is wider than the screen can be scrolled with the keyboard.
  function reach(part) {
    for (const picture of part.querySelectorAll(".picture")) {
      if (picture.scrollWidth <= picture.clientWidth) continue;
      picture.tabIndex = 0;
      picture.setAttribute("role", "group");
      picture.setAttribute("aria-label", picture.querySelector("title").textContent);
    }
  }
  function close(row) {
    const button = row.querySelector(".open");
    button.setAttribute("aria-expanded", "false");
    button.removeAttribute("aria-controls");
    detailOf(row)?.remove();
  }
  const detailOf = (row) => document.getElementById("d" + number(row));
  body.addEventListener("click", (event) => {
    const row = event.target.closest("tr");
    if (!row || row.className === "detail" || !row.querySelector(".open")) return;
    if (!event.target.closest(".open") && (event.target.closest("a") || String(getSelection()))) return;
    if (detailOf(row)) close(row);
    else open(row);
  });
  const shown = () => rows.filter((row) => !row.hidden);
  field("open-all").addEventListener("click", () => Promise.all(shown().slice(0, 100).map(open)));
  field("close-all").addEventListener("click", () => rows.forEach(close));
  field("print").addEventListener("click", () => print());

  // Search and filters.
  const form = field("search").form;
  const value = (id) => (field(id) ? field(id).value.trim() : "");
  function passes(row, place) {
    const words = value("search").toLowerCase().replace(/(\d),(?=\d{3})/g, "$1").split(/\s+/);
    const least = value("least"), most = value("frequency");
    const data = row.dataset;
    return words.every((word) => texts[place].includes(word))
      && (!value("direction") || data.direction === value("direction"))
      && (!value("region") || data.region === value("region"))
      && (least === "" || (data.value !== "" && Number(data.value) >= Number(least)))
      && (most === "" || data.frequency === "" || Number(data.frequency) <= Number(most));
  }
  function filter() {
    let count = 0;
    rows.forEach((row, place) => {
      row.hidden = !passes(row, place);
      const detail = detailOf(row);
      if (detail) detail.hidden = row.hidden;
      if (!row.hidden) count += 1;
    });
    const grouped = (many) => many.toLocaleString("en-US");
    field("count").textContent = `${grouped(count)} of ${grouped(rows.length)} variants shown`;
    field("none").hidden = count > 0;
  }
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", filter);
  form.addEventListener("change", filter);
  form.addEventListener("reset", () => setTimeout(filter));

  // Sorting; missing values come last, and ties keep the order of the page.
  const headings = [...table.tHead.rows[0].cells];
  function keyOf(row, column, kind) {
    const cell = row.cells[column];
    if (kind === "text") return cell.textContent.trim().toLowerCase();
    return cell.dataset.key === "" ? null : Number(cell.dataset.key);
  }
  const collator = new Intl.Collator("en", { numeric: true });
  function sort(column, kind, sign) {
    const keyed = rows.map((row) => [keyOf(row, column, kind), row]);
    keyed.sort(([one, first], [other, second]) => {
      if (one === null || other === null) return (one === null) - (other === null) || number(first) - number(second);
      const order = kind === "text" ? collator.compare(one, other) : one - other;
      return sign * order || number(first) - number(second);
    });
    for (const [, row] of keyed) {
      const detail = detailOf(row);
      body.append(row);
      if (detail) body.append(detail);
    }
  }
  headings.forEach((heading, column) => {
    const button = heading.querySelector("button");
    button.addEventListener("click", () => {
      const first = button.dataset.first || (button.dataset.sort === "number" ? "descending" : "ascending");
      const other = first === "descending" ? "ascending" : "descending";
      const order = heading.getAttribute("aria-sort") === first ? other : first;
      headings.forEach((one) => one.setAttribute("aria-sort", "none"));
      heading.setAttribute("aria-sort", order);
      sort(column, button.dataset.sort, order === "ascending" ? 1 : -1);
    });
  });

  // Theme: that of the system until the reader chooses one.
  const root = document.documentElement;
  const theme = field("theme");
  const isDark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const label = () => { theme.textContent = isDark() ? "Light theme" : "Dark theme"; };
  theme.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    label();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", label);
  label();

  // A link to a variant, as in report.html#v12, opens it.
  function follow() {
    const row = /^#v\d+$/.test(location.hash) && document.getElementById(location.hash.slice(1));
    if (!row) return;
    open(row);
    row.querySelector(".open").focus();
  }
  reach(document);
  addEventListener("hashchange", follow);
  follow();
})();
