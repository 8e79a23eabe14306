/** A viewer in a page: its parts, wired to one another. */

import { warmUp } from "../draw";
import type { Doc } from "../model/types";
import { calledOf } from "../model/view";
import { keepInAddress } from "./addressBar";
import { announcement } from "./announcement";
import { same } from "./depths";
import { frame } from "./frame";
import { gestures } from "./gestures";
import { help } from "./help";
import { inspector } from "./inspector";
import { keyboard } from "./keyboard";
import { legendBox } from "./legendBox";
import { minimap } from "./minimap";
import { notices } from "./notices";
import type { ViewerHandle, ViewerOptions } from "./options";
import { pointer } from "./pointer";
import { printing } from "./printing";
import { review } from "./review";
import { save } from "./saving";
import { Scene } from "./scene";
import { search } from "./search";
import { Session } from "./session";
import { subjectOf } from "./subject";
import { onPageTheme, resolved } from "./theme";
import { toolbar } from "./toolbar";
import { tooltip } from "./tooltip";
import { Viewport } from "./viewport";

/** A click may be the first of two: what it selects is moved only after that. */
const SECOND_CLICK = 350;
const HOW = "Arrow keys go along the flow, Enter opens a block, question mark lists the keys.";
/** States are told once the reader pauses. */
const PAUSE = 200;

export function mount(root: HTMLElement | ShadowRoot, doc: Doc, options: ViewerOptions = {}): ViewerHandle {
  warmUp();
  const parts = frame(root, {
    zoom: (factor) => viewport.zoomGently(factor),
    fit: () => viewport.fit(),
  });
  const { canvas, host } = parts;
  parts.root.toggleAttribute("data-framed", options.framed ?? false);
  const viewport = new Viewport(canvas, parts.stage);
  const map = minimap(viewport);
  const legend = legendBox();
  const scene = new Scene(parts, viewport, map, legend);
  const titled = options.titled ?? true;
  const notes = notices({ failure: titled });
  const hover = tooltip(canvas, scene);
  const keyHelp = help(() => canvas.focus());
  const endings: (() => void)[] = [];
  let later = 0;
  let saving = 0;
  /** The last state that was told. */
  let said = "";

  const session: Session = new Session(scene, (choice) => resolved(choice, host), {
    changed: () => refresh(),
    selected: (id) => options.onSelect?.(id, pathOf(id)),
    problem: (text) => notes.problem(text),
  });

  const details = inspector({
    act: (action, id) => session.act(action, id),
    select: (id) => void session.find(id, true),
    centre: (id) => scene.centre(id),
    dismiss: () => session.select(null),
  });
  const finder = search({
    find: (query) => session.explorer.search(query),
    mark: (hits) => {
      session.hits = hits;
      scene.mark(session.shown.selected, session.found);
    },
    go: (hit) => {
      details.point(hit.id, hit.stored ?? null);
      void session.find(hit.id, true);
    },
    leave: () => canvas.focus(),
  });
  const bar = toolbar(
    session,
    {
      save: (format) => {
        const { picture } = scene;
        if (picture) void save(format, picture, calledOf(session.explorer.doc)).then(notes.problem);
      },
      print: () => paper.print(),
      help: () => keyHelp.toggle(),
    },
    finder.element,
    titled,
  );
  const marks = review({
    go: (ids) => (ids[0] === undefined ? session.select(null) : void session.find(ids[0], true)),
    turned: () => resized(),
  });
  const paper = printing(() => scene.picture, options.alone ?? false);
  endings.push(() => paper.end());
  parts.root.prepend(bar.element, notes.element, marks.bar);
  parts.body.prepend(marks.list);
  canvas.append(map.element, hover.element, keyHelp.element);
  parts.main.append(details.element);
  parts.body.after(legend.element);

  const selectByPointer = (id: string | null): void => {
    session.select(id);
    clearTimeout(later);
    later = window.setTimeout(() => session.bringIn(), SECOND_CLICK);
  };
  pointer(canvas, {
    nodeAt: (x, y) => scene.nodeAt(x, y),
    select: selectByPointer,
    nothing: () => selectByPointer(null),
    toggle: (id) => {
      clearTimeout(later);
      session.toggle(id);
    },
    act: (action, id) => session.act(action, id),
    hover: hover.at,
  });

  const keys = { session, viewport, search: finder, help: keyHelp, review: marks };
  endings.push(keyboard(parts.root, canvas, keys, options.alone ?? false));

  function pathOf(id: string | null): string | null {
    return id === null ? null : (session.explorer.item(id)?.path ?? null);
  }

  function refresh(): void {
    const { shown, start, explorer, depths } = session;
    const { index } = scene;
    const level = same(shown.state, start.state) ? "start" : String(depths.of(shown.state) ?? "");
    bar.update(level);
    if (!index) return;
    const subject = shown.selected === null ? null : subjectOf(explorer, shown.state, index, shown.selected);
    if (details.show(subject ?? null)) viewport.covered = details.covers(canvas);
    scene.mark(shown.selected, session.found);
    parts.status.textContent = announcement(subject ?? null);
    clearTimeout(saving);
    saving = window.setTimeout(tell, PAUSE);
  }

  function tell(): void {
    const { text } = session;
    if (text === said) return;
    said = text;
    options.onState?.(text);
    address?.write(text);
  }

  const address = options.url ? keepInAddress((text) => void session.restore(text)) : null;
  if (address) endings.push(address.end);

  /** The parts around the picture for a document that the session has just begun. */
  function describe(next: Doc): void {
    notes.describe(next, (id) => void session.find(id, true));
    bar.describe(next, session.depths.count);
    marks.describe(next, session.explorer.marked);
    canvas.setAttribute("aria-label", `Diagram of ${calledOf(next)}. ${HOW}`);
    refresh();
  }

  /** Follows a new size of the canvas; a selection that was on the screen stays there. */
  function resized(): void {
    const { selected } = session.shown;
    const held = selected !== null && scene.shows(selected);
    viewport.measure();
    viewport.covered = details.covers(canvas);
    viewport.refit();
    if (held) session.bringIn();
  }

  const resizing = new ResizeObserver(resized);
  resizing.observe(canvas);
  endings.push(
    () => resizing.disconnect(),
    gestures(canvas, viewport),
    onPageTheme(() => session.followPage()),
  );

  const { theme = "auto", heat = null, direction = "TB" } = options;
  parts.root.dataset.theme = resolved(theme, host);
  const text = address?.read() || (options.state ?? "");
  void session.load(doc, { theme, heat, direction }, text, options.select ?? null);
  describe(doc);

  return {
    selected: () => ({ id: session.shown.selected, path: pathOf(session.shown.selected) }),
    select: (id) => (id === null ? session.select(null) : void session.find(id, false)),
    state: () => session.text,
    setState: (text) => void session.restore(text),
    update: (next, text = "", select = null) => {
      finder.clear();
      void session.replace(next, text, select);
      describe(next);
    },
    setOptions: (changed) => session.startFrom(changed),
    followPage: () => session.followPage(),
    destroy: () => {
      scene.stop();
      clearTimeout(later);
      clearTimeout(saving);
      endings.forEach((end) => end());
      host.remove();
    },
  };
}
