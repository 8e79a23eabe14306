/** What is shown and selected, and every step from there: the viewer without its panels. */

import type { ThemeName } from "../draw/theme";
import { explorer as exploring } from "../model";
import type { Doc, Explorer, Hit, State } from "../model/types";
import { decode, encode, type Shown } from "./address";
import { Depths, same } from "./depths";
import type { Placing, Scene } from "./scene";
import type { ThemeChoice } from "./theme";
import { across, next, previous } from "./walk";

export interface SessionListener {
  /** Something is shown differently: the picture, the selection or the style. */
  changed(): void;
  /** The reader selected something, or nothing. */
  selected(id: string | null): void;
  /** The picture could not be drawn, or, with null, could. */
  problem(text: string | null): void;
}

/** What a reader can do with one thing. */
export type Action = "open" | "close" | "unfold" | "fold";

export type Style = Pick<Shown, "heat" | "theme" | "direction" | "columns">;

export class Session {
  explorer!: Explorer;
  depths!: Depths;
  /** How it all began. */
  start!: Shown;
  /** What is to be seen; the picture of it may still be in the making. */
  shown!: Shown;
  hits: readonly Hit[] = [];
  /** What the picture shows. */
  private drawn!: Shown;

  constructor(
    readonly scene: Scene,
    private readonly themeOf: (choice: ThemeChoice) => ThemeName,
    private readonly listener: SessionListener,
  ) {}

  /** A document, from its start or from a state that was given out before. */
  load(doc: Doc, style: Style, text: string, select: string | null): Promise<void> {
    this.begin(doc, style, text);
    return this.appear(select);
  }

  /** Another document, in the style of the last unless the state says another. */
  replace(doc: Doc, text: string, select: string | null): Promise<void> {
    const { heat, theme, direction, columns } = this.shown;
    this.begin(doc, this.start, text);
    if (!text) this.shown = { ...this.shown, heat, theme, direction, columns };
    return this.appear(select);
  }

  private begin(doc: Doc, { heat, theme, direction }: Style, text: string): void {
    this.explorer = exploring(doc);
    this.depths = new Depths(this.explorer);
    this.start = { heat, theme, direction, state: this.explorer.initial(), selected: null };
    this.shown = decode(this.explorer, this.depths, text, this.start);
    this.drawn = this.shown;
    this.hits = [];
  }

  private async appear(select: string | null): Promise<void> {
    await this.redraw({ how: "start" });
    if (select === null) this.bringIn();
    else await this.find(select, false);
  }

  /** The state as text, and back. */
  get text(): string {
    return encode(this.depths, this.shown, this.start);
  }

  restore(text: string): Promise<void> {
    if (text === this.text) return Promise.resolve();
    this.shown = decode(this.explorer, this.depths, text, this.start);
    return this.redraw({ how: "same" }).then(() => this.bringIn());
  }

  /** The visible things that were found, or that hold what was found. */
  get found(): ReadonlySet<string> {
    const { state } = this.shown;
    const visible = this.hits.map(({ id }) => this.explorer.standIn(state, id));
    return new Set(visible.filter((id) => id !== undefined));
  }

  /** Selects a visible thing; null clears. */
  select(id: string | null): void {
    if (id === this.shown.selected) return;
    this.shown = { ...this.shown, selected: id };
    this.listener.selected(id);
    this.listener.changed();
  }

  /** Selects an item by id or path wherever it is, and brings it into view. */
  async find(pathOrId: string, said: boolean): Promise<void> {
    const id = this.explorer.item(pathOrId) ? pathOrId : this.explorer.idOf(pathOrId);
    if (id === undefined) return;
    this.shown = { ...this.shown, selected: id };
    if (said) this.listener.selected(id);
    if (!this.scene.index?.items.has(id)) {
      await this.go(this.explorer.reveal(this.shown.state, id), { how: "centre", id });
    }
    this.listener.changed();
    this.bringIn();
  }

  /** Opens what is closed, closes what is open. */
  toggle(id: string): void {
    const visible = this.scene.index?.items.get(id);
    if (visible?.type === "group") this.act("close", id);
    else if (visible?.expandable) this.act("open", id);
  }

  /** Opens, closes or unfolds something visible, or shows the copies that it is one of as one. */
  act(action: Action, of: string): void {
    const fold = action === "fold" ? this.scene.index?.items.get(of)?.foldOf : undefined;
    const id = fold ?? of;
    void this.go(this.explorer[action](this.shown.state, id), { how: "keep", id });
  }

  toggleCopies(id: string): void {
    const visible = this.scene.index?.items.get(id);
    if (visible?.foldOf !== undefined) this.act("fold", id);
    else if (visible && visible.copies > 1) this.act("unfold", id);
  }

  closeAll(): void {
    void this.go(this.explorer.closeAll(), { how: "start" });
  }

  /** Modules open down to a depth; null for what was open at first. */
  openTo(depth: number | null): void {
    const state = depth === null ? this.start.state : this.depths.at(depth);
    void this.go(state, { how: "start" });
  }

  restyle(style: Partial<Style>): void {
    const before = this.shown;
    const turned = style.direction !== undefined && style.direction !== before.direction;
    this.shown = { ...this.shown, ...style };
    const other = turned || (style.columns !== undefined && style.columns !== before.columns);
    void this.redraw(other ? { how: "start" } : { how: "same" });
  }

  /** Another style to begin with, so that it is no difference from the start. */
  startFrom(style: Partial<Style>): void {
    this.start = { ...this.start, ...style };
    this.restyle(style);
  }

  /** Draws again if the page turned dark or light. */
  followPage(): void {
    if (this.themeOf(this.shown.theme) !== this.scene.picture?.look.theme.name) void this.redraw({ how: "same" });
  }

  /**
   * Moves the selection along the flow, to a branch beside it, or into a group and out of it: where
   * there is no branch "right" is into and "left" is out.
   */
  step(way: "next" | "previous" | "into" | "out" | "right" | "left"): void {
    const { index, picture } = this.scene;
    if (!index) return;
    const { selected } = this.shown;
    const from = selected !== null && index.items.has(selected) ? selected : null;
    const first = index.items.keys().next().value;
    if (from === null) return this.reach(first);
    const visible = index.items.get(from);
    if (picture && (way === "right" || way === "left")) {
      const branch = across(index, picture.uncut, from, way === "right" ? 1 : -1, picture.look.direction);
      return branch === undefined ? this.step(way === "right" ? "into" : "out") : this.reach(branch);
    }
    if (way === "next") this.reach(next(index, from));
    else if (way === "previous") this.reach(previous(index, from));
    else if (way === "out") this.reach(index.parents.get(from));
    else if (visible?.type === "group") this.reach(visible.children[0]?.id);
    else if (visible?.expandable) this.act("open", from);
  }

  private reach(id: string | undefined): void {
    if (id === undefined) return;
    this.select(id);
    this.bringIn();
  }

  /** Moves the picture so that the selection is on the screen. */
  bringIn(): void {
    if (this.shown.selected !== null) this.scene.reveal(this.shown.selected);
  }

  private go(state: State, placing: Placing): Promise<void> {
    this.shown = { ...this.shown, state };
    return this.redraw(placing);
  }

  private async redraw(placing: Placing): Promise<void> {
    const wanted = this.shown;
    const { places } = this.explorer.doc;
    const asBegun = wanted.direction === "TB" && !wanted.columns && same(wanted.state, this.explorer.initial());
    const outcome = await this.scene.draw(
      () => this.explorer.view(wanted.state),
      {
        theme: this.themeOf(wanted.theme),
        direction: wanted.direction,
        heat: wanted.heat,
        ...(wanted.columns ? { room: this.scene.room } : {}),
        ...(places && asBegun ? { places } : {}),
      },
      placing,
    );
    if (outcome === "overtaken") return;
    if (outcome === "drawn") {
      this.drawn = { ...this.shown, state: wanted.state };
      this.listener.problem(null);
      this.keepVisible();
    } else {
      // The last picture stays, and with it the state that it shows.
      this.shown = { ...this.drawn, selected: this.shown.selected };
      if (outcome !== "stopped") this.listener.problem(outcome.problem);
    }
    this.listener.changed();
  }

  /** A selection that went out of sight moves to what it is inside of. */
  private keepVisible(): void {
    const { selected, state } = this.shown;
    if (selected === null || this.scene.index?.items.has(selected)) return;
    this.select(this.explorer.standIn(state, selected) ?? null);
  }
}
