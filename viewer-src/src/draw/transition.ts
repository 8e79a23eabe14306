import type { Box } from "../layout/places";
import type { Picture } from "./compose";

/** Most parts that move one by one; a picture with more only fades in. */
const MOST = 800;
const EASE = "cubic-bezier(.2, .7, .2, 1)";

/** The point of a block that stays where it is on the screen while it opens or closes. */
function anchorPoint(box: Box): { readonly x: number; readonly y: number } {
  return { x: (box.left + box.right) / 2, y: box.top };
}

/**
 * Moves what is in both pictures from where it was to where it is, and fades in what is new.
 *
 * `to` is on the page already, with the anchor's `anchorPoint` where it was in `from`; without an
 * anchor, the corners of the pictures are. Resolves when everything has arrived. Nothing moves
 * for readers who asked for less motion.
 */
export async function transition(
  from: Picture | null,
  to: Picture,
  anchorId: string | null,
  ms: number,
): Promise<void> {
  if (ms <= 0 || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const timing: KeyframeAnimationOptions = { duration: ms, easing: EASE, fill: "backwards" };
  const fade = (part: Element, delay: number): Animation =>
    part.animate([{ opacity: 0 }, { opacity: 1 }], { ...timing, duration: ms - delay, delay });
  if (!from || from.look.direction !== to.look.direction || to.boxes.size > MOST) {
    await settled([fade(to.svg, 0)]);
    return;
  }
  const shift = shiftBetween(from, to, anchorId);
  const moves: Animation[] = [];
  for (const [id, box] of to.boxes) {
    const before = from.boxes.get(id);
    const old = before && { x: before.left + shift.x, y: before.top + shift.y, box: before };
    for (const part of to.elements.get(id) ?? []) {
      const moving = part.classList.contains("node") ? part.closest(".card")! : part;
      if (part.parentElement?.classList.contains("card") && part !== firstNode(moving)) continue;
      if (!moving.isConnected) continue;
      if (!old) {
        moves.push(fade(moving, ms / 3));
        continue;
      }
      const steps = moving.classList.contains("group")
        ? [resized(old, box), "none"]
        : [`translate(${old.x - box.left}px, ${old.y - box.top}px)`, "none"];
      if (steps[0] !== "translate(0px, 0px)") {
        moves.push(
          moving.animate(
            steps.map((transform) => ({ transform })),
            timing,
          ),
        );
      }
    }
  }
  for (const name of ["edges", "labels", "links"]) {
    const layer = to.svg.querySelector(`.${name}`);
    if (layer) moves.push(fade(layer, ms / 3));
  }
  await settled(moves);
}

function firstNode(card: Element): Element | null {
  return card.querySelector(".node");
}

/** How far the old picture is from the new one where the anchor of both is in one place. */
function shiftBetween(
  from: Picture,
  to: Picture,
  anchorId: string | null,
): { x: number; y: number } {
  const [before, after] = [from.boxes.get(anchorId ?? ""), to.boxes.get(anchorId ?? "")];
  if (!before || !after) return { x: 0, y: 0 };
  const [a, b] = [anchorPoint(before), anchorPoint(after)];
  return { x: b.x - a.x, y: b.y - a.y };
}

/** The transform that gives a frame the place and the size that it had. */
function resized(old: { x: number; y: number; box: Box }, now: Box): string {
  const wide = (old.box.right - old.box.left) / Math.max(now.right - now.left, 1);
  const high = (old.box.bottom - old.box.top) / Math.max(now.bottom - now.top, 1);
  const [dx, dy] = [old.x - now.left * wide, old.y - now.top * high];
  return `translate(${dx}px, ${dy}px) scale(${wide}, ${high})`;
}

async function settled(moves: readonly Animation[]): Promise<void> {
  await Promise.allSettled(moves.map((move) => move.finished));
}
