/** The viewer: for a page of its own, for another page, and as a component of Streamlit. */

import { openPage } from "./ui/page";

export type * from "./model/types";
export { mount } from "./ui/mount";
export type { ViewerHandle, ViewerOptions } from "./ui/options";
export { component as default } from "./ui/streamlit";

openPage();
