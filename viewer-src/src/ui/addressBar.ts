/** The state in the page's address, after `#`. */

/** `onChange` hears of addresses that the reader goes to, by hand or by a link. */
export function keepInAddress(onChange: (text: string) => void) {
  const read = (): string => location.hash.replace(/^#/, "");
  const listen = (): void => onChange(read());
  window.addEventListener("hashchange", listen);
  return {
    read,
    write: (text: string): void => history.replaceState(history.state, "", text ? `#${text}` : location.pathname + location.search),
    end: (): void => window.removeEventListener("hashchange", listen),
  };
}
