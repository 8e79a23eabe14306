/**
 * A lesson on a page: code, the picture, a table. What belongs together lights up together.
 *
 * A component of Streamlit, version 2. `data.lesson` is what `modelviz.lessons.Lesson.data` holds
 * as JSON text. Everything happens here: pointing at a line waits for no server.
 */

const SVG = "http://www.w3.org/2000/svg";
/** Pixels of a point of the picture where there is room. */
const SCALE = 1.75;
const HINT = "Point at a line, a block or a row to see what belongs to it. A click keeps it.";

const drawn = new WeakMap();

export default function lesson({ data, parentElement }) {
  const root = parentElement.querySelector(".lesson");
  if (drawn.get(root) !== data.lesson) {
    drawn.set(root, data.lesson);
    draw(root, JSON.parse(data.lesson));
  }
}

function draw(root, lesson) {
  const byId = new Map(lesson.blocks.map((block) => [block.id, block]));
  /** For each block, everything on the page that stands for it. */
  const marks = new Map(lesson.blocks.map((block) => [block.id, []]));
  /** Lines with blocks, each with its element and the set of its blocks. */
  const lines = [];
  let kept = null;

  const says = element("div", { class: "says", "aria-live": "polite" });

  function light(ids, line) {
    const chosen = new Set(ids);
    for (const [id, those] of marks) {
      for (const mark of those) mark.classList.toggle("lit", chosen.has(id));
    }
    for (const one of lines) {
      // A line of several blocks is lit by each of them; one that means the whole model, by itself.
      const whole = one.ids.length === lesson.blocks.length && lesson.blocks.length > 1;
      const meets = line ? one === line : !whole && one.ids.some((id) => chosen.has(id));
      one.element.classList.toggle("lit", meets);
      // The other lines about the same blocks: the one that makes a layer, the one that uses it.
      const kin = !meets && !whole && one.ids.every((id) => chosen.has(id));
      one.element.classList.toggle("kin", kin && chosen.size < lesson.blocks.length);
    }
    say(says, [...chosen].map((id) => byId.get(id)), lesson);
  }

  function rest() {
    light(kept ? kept.ids : [], kept ? kept.line : undefined);
    root.classList.toggle("kept", kept !== null);
  }

  function choose(ids, line) {
    const same = kept && kept.line === line && String(kept.ids) === String(ids);
    kept = same ? null : { ids, line };
    rest();
  }

  function interactive(target, ids, line) {
    target.addEventListener("pointerenter", (event) => {
      if (event.pointerType === "mouse") light(ids, line);
    });
    target.addEventListener("pointerleave", (event) => {
      if (event.pointerType === "mouse") rest();
    });
    target.addEventListener("click", () => choose(ids, line));
    target.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      choose(ids, line);
    });
  }

  root.replaceChildren(
    element("div", { class: "sides" }, code(), element("div", { class: "side" }, picture(), says)),
    element("div", { class: "scroll" }, table()),
  );
  root.onkeydown = (event) => {
    if (event.key === "Escape") {
      kept = null;
      rest();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      step(event, event.key === "ArrowDown" ? 1 : -1);
    }
  };
  rest();

  /** From one line, block or row to the next of its kind. */
  function step(event, by) {
    const stops = [...root.querySelectorAll("[tabindex]")];
    const at = stops.indexOf(event.target);
    const next = stops[at + by];
    if (at < 0 || !next || next.parentNode !== event.target.parentNode) return;
    event.preventDefault();
    next.focus();
  }

  function code() {
    const box = element("div", { class: "code", role: "group", "aria-label": "Code" });
    lesson.lines.forEach((line, place) => {
      const row = element("div", { class: line.failed ? "line failed" : "line" });
      row.append(element("span", { class: "number", "aria-hidden": "true" }, String(place + 1)));
      const text = element("span", { class: "text" });
      for (const [tone, piece] of line.pieces) text.append(element("span", { class: tone }, piece));
      row.append(text);
      if (line.blocks.length) {
        row.classList.add("linked");
        row.tabIndex = 0;
        row.setAttribute("role", "button");
        const entry = { element: row, ids: line.blocks };
        lines.push(entry);
        interactive(row, line.blocks, entry);
      }
      box.append(row);
    });
    return box;
  }

  function picture() {
    const box = element("div", { class: "picture" });
    box.innerHTML = lesson.svg;
    const svg = box.querySelector("svg");
    const { width, height } = svg.viewBox.baseVal;
    svg.removeAttribute("height");
    svg.setAttribute("width", String(width * SCALE));
    svg.setAttribute("aria-label", `The picture of ${lesson.name}`);
    svg.style.aspectRatio = `${width} / ${height}`;
    // Our own words are said beside the picture; two of them at once are one too many.
    for (const title of svg.querySelectorAll("title")) title.remove();
    // Outer before inner, so that the inner block is the one that is pointed at.
    for (const block of lesson.blocks) {
      for (const [x, y, w, h] of block.places) {
        const mark = document.createElementNS(SVG, "rect");
        for (const [name, value] of Object.entries({ x, y, width: w, height: h, rx: 5 })) {
          mark.setAttribute(name, String(value));
        }
        mark.setAttribute("class", "block");
        mark.setAttribute("role", "button");
        mark.setAttribute("aria-label", named(block));
        mark.setAttribute("tabindex", "0");
        mark.dataset.block = block.id;
        interactive(mark, [block.id]);
        marks.get(block.id).push(mark);
        svg.append(mark);
      }
    }
    return box;
  }

  function table() {
    const body = element("tbody");
    for (const block of lesson.blocks) {
      const name = element("td", { class: "layer" }, block.name || block.title);
      name.style.paddingLeft = `${0.6 + 1.4 * block.level}em`;
      const row = element(
        "tr",
        { tabindex: "0", role: "button", "aria-label": named(block) },
        name,
        element("td", { "data-head": "Kind" }, block.name ? block.title : ""),
        element("td", { "data-head": "Gives" }, block.gives),
        element("td", { class: "sum", "data-head": "Parameters" }, block.parameters),
      );
      interactive(row, [block.id]);
      marks.get(block.id).push(row);
      body.append(row);
    }
    body.append(
      element(
        "tr",
        { class: "total" },
        element("td", { class: "layer" }, lesson.name),
        element("td"),
        element("td"),
        element("td", { class: "sum", "data-head": "Parameters" }, lesson.total),
      ),
    );
    const heads = ["Block", "Kind", "Gives", "Parameters"].map((head, place) =>
      element("th", { scope: "col", class: place === 3 ? "sum" : "" }, head),
    );
    return element("table", {}, element("thead", {}, element("tr", {}, ...heads)), body);
  }
}

/** What the chosen blocks are: one in full, several by name. */
function say(says, blocks, lesson) {
  if (blocks.length === 0) {
    says.replaceChildren(element("p", { class: "hint" }, HINT));
  } else if (blocks.length === lesson.blocks.length && blocks.length > 1) {
    const total = `${lesson.total} parameters in all.`;
    says.replaceChildren(element("p", {}, element("b", {}, lesson.name), ` is the whole model. ${total}`));
  } else if (blocks.length > 3) {
    says.replaceChildren(element("p", {}, blocks.map(named).join(", ")));
  } else {
    // What comes in and out needs no words beside the layer that takes or gives it.
    const layers = blocks.filter((block) => block.parameters !== "");
    const told = layers.length === 1 ? layers[0] : blocks.length === 1 ? blocks[0] : null;
    says.replaceChildren(...blocks.map((block) => sentence(block, block === told)));
  }
}

function sentence(block, full) {
  const line = element("p", {}, element("b", {}, named(block)));
  if (block.parameters && block.parameters !== "0") {
    line.append(element("span", { class: "sum" }, block.parameters));
  }
  if (full && block.words) line.append(element("span", { class: "words" }, block.words));
  return line;
}

function named(block) {
  return block.name ? `${block.title} ${block.name}` : block.title;
}

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value) made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}
