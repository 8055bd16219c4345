"use strict";
// Moves a line over an account's charts and says what the table has for that mark. Without it everything is still there to be read.
for (const account of document.querySelectorAll("section")) {
  const table = account.querySelector("table");
  const plots = [...account.querySelectorAll(".plot")];
  if (!table || plots.length === 0) continue;
  const rows = [...table.tBodies[0].rows];
  const heads = [...table.tHead.rows[0].cells];
  const says = (row, kind) => heads.map((head, column) =>
    head.dataset.chart === kind ? `${head.textContent} ${row.cells[column].textContent}` : "").filter(Boolean).join(" · ");
  let chosen = 0;
  const choose = (mark) => {
    chosen = Math.max(0, Math.min(rows.length - 1, mark));
    const at = rows.length > 1 ? chosen / (rows.length - 1) * 1000 : 0;
    const row = rows[chosen];
    for (const plot of plots) {
      const cursor = plot.querySelector(".cursor");
      cursor.setAttribute("x1", at);
      cursor.setAttribute("x2", at);
      cursor.removeAttribute("visibility");
      const text = `${row.cells[0].textContent}: ${says(row, plot.dataset.chart)}`;
      plot.closest("figure").querySelector(".readout").textContent = text;
      plot.setAttribute("aria-valuenow", chosen);
      plot.setAttribute("aria-valuetext", text);
    }
  };
  for (const plot of plots) {
    plot.tabIndex = 0;
    plot.setAttribute("role", "slider");
    plot.setAttribute("aria-valuemin", 0);
    plot.setAttribute("aria-valuemax", rows.length - 1);
    const point = (event) => {
      const box = plot.getBoundingClientRect();
      choose(Math.round((event.clientX - box.left) / box.width * (rows.length - 1)));
    };
    plot.addEventListener("pointermove", point);
    plot.addEventListener("pointerdown", point);
    plot.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -12, PageUp: 12 }[event.key];
      const end = { Home: 0, End: rows.length - 1 }[event.key];
      if (step === undefined && end === undefined) return;
      event.preventDefault();
      choose(end ?? chosen + step);
    });
  }
  choose(rows.findLastIndex((row) => row.hasAttribute("data-some")));
}
