/** The state in the page's address, after `#`. */

export interface AddressBar {
  read(): string;
  write(text: string): void;
  end(): void;
}

/** `onChange` hears of addresses that the reader goes to, by hand or by a link. */
export function keepInAddress(onChange: (text: string) => void): AddressBar {
  const read = (): string => location.hash.replace(/^#/, "");
  const listen = (): void => onChange(read());
  window.addEventListener("hashchange", listen);
  return {
    read,
    write: (text) => history.replaceState(history.state, "", text ? `#${text}` : location.pathname + location.search),
    end: () => window.removeEventListener("hashchange", listen),
  };
}
