// The viewer's code is asked for once a page and kept in no notebook: without a kernel the picture
// stays.
const known = (globalThis.modelvizModules ??= new Map());

function codeOf(model) {
  const digest = model.get("digest");
  if (!known.has(digest)) {
    const entry = {};
    entry.module = new Promise((give) => (entry.give = give));
    known.set(digest, entry);
  }
  const entry = known.get(digest);
  model.on("msg:custom", async (message, buffers) => {
    if (message?.code !== digest || entry.there) return;
    entry.there = true;
    const text = new Blob([buffers[0]], { type: "text/javascript" });
    entry.give(await import(URL.createObjectURL(text)));
  });
  if (!entry.there) model.send({ wanted: digest });
  return entry.module;
}

async function render({ model, el }) {
  const picture = document.createElement("img");
  picture.alt = "Diagram";
  picture.style.maxWidth = "100%";
  picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(model.get("picture"))}`;
  el.replaceChildren(picture);
  const { mount } = await codeOf(model);
  const box = document.createElement("div");
  box.style.height = `${model.get("height")}px`;
  el.replaceChildren(box);
  const tell = (name, value) => {
    if (model.get(name) === value) return;
    model.set(name, value);
    model.save_changes();
  };
  const handle = mount(box, JSON.parse(model.get("document")), {
    ...model.get("options"),
    framed: true,
    select: model.get("selected"),
    state: model.get("state"),
    onSelect: (id, path) => tell("selected", path || id),
    onState: (state) => tell("state", state),
  });
  model.on("change:selected", () => handle.select(model.get("selected")));
  model.on("change:state", () => handle.setState(model.get("state")));
}

export default { render };
