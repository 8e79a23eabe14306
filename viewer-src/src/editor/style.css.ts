/** How the editor looks. Rules name .cm-editor as well, to go before CodeMirror's own. */
export const css = `
.mv-code {
  --mv-keyword: #8a3ea8; --mv-string: #2d7038; --mv-number: #a1511b; --mv-comment: #66707e;
  --mv-name: #2460a7; --mv-red: #b3261e; --mv-marked: #fbe3e1;
  position: relative; inset: auto; margin: 0; padding: 0; display: flex; flex-direction: column; box-sizing: border-box; width: 100%;
  color: var(--st-text-color, #1c2430); background: var(--st-background-color, #fff);
  border: 1px solid var(--st-border-color, #dce1e8); border-radius: var(--st-base-radius, 8px);
  overflow: hidden;
}
.mv-code[data-dark] {
  --mv-keyword: #d3a4e8; --mv-string: #9fd3a6; --mv-number: #f0b488; --mv-comment: #98a3b2;
  --mv-name: #92bff2; --mv-red: #ff8f87; --mv-marked: #4a2426;
}
.mv-code:focus-within { border-color: var(--st-primary-color, #2f6db3); }
.mv-code .cm-editor { flex: 1; min-height: 0; outline: none; background: transparent; }
.mv-code .cm-scroller {
  font: 13px/1.5 var(--st-code-font, "Source Code Pro"), ui-monospace, Menlo, Consolas,
    "DejaVu Sans Mono", monospace;
}
.mv-code .cm-content { caret-color: currentColor; padding: 6px 0; }
.mv-code .cm-editor .cm-cursor { border-left-color: currentColor; }
.mv-code .cm-editor .cm-gutters {
  color: var(--mv-comment); background: var(--st-secondary-background-color, #f4f6f9); border: 0;
}
.mv-code .cm-editor .cm-activeLine, .mv-code .cm-editor .cm-activeLineGutter { background: rgb(128 136 150 / 0.12); }
.mv-code .cm-editor .cm-line.mv-failing { background: var(--mv-marked); }
.mv-code .cm-editor .cm-gutterElement.mv-failing-number { color: var(--mv-red); font-weight: 700; }
.mv-code .cm-editor .cm-scroller .cm-selectionLayer .cm-selectionBackground {
  background: rgb(96 144 208 / 0.35);
}
.mv-code .mv-reason {
  padding: 2px 6px 4px; color: var(--mv-red); background: var(--mv-marked); white-space: pre-wrap;
  overflow-wrap: anywhere; font: 12px/1.4 var(--st-font, sans-serif);
  position: sticky; left: 0; box-sizing: border-box; max-width: var(--mv-shown, 100%);
}
.mv-code .mv-wide {
  position: absolute; top: 4px; right: 4px; z-index: 5; width: 32px; height: 32px; padding: 6px;
  color: var(--mv-comment); background: var(--st-background-color, #fff); border: 0;
  border-radius: 6px; cursor: pointer; opacity: 0.85;
}
.mv-code .mv-wide:hover, .mv-code .mv-wide:focus-visible { opacity: 1; color: inherit; }
.mv-code .mv-wide svg { display: block; width: 20px; height: 20px; fill: currentColor; }
.mv-code:popover-open {
  position: fixed; inset: 4vh 4vw; width: 92vw; height: 92vh !important; max-width: 1200px;
  margin: auto; box-shadow: 0 12px 48px rgb(0 0 0 / 0.4);
}
.mv-code:popover-open::backdrop { background: rgb(0 0 0 / 0.35); }
.tok-keyword, .tok-bool, .tok-operatorKeyword { color: var(--mv-keyword); }
.tok-string, .tok-string2 { color: var(--mv-string); }
.tok-number { color: var(--mv-number); }
.tok-comment { color: var(--mv-comment); font-style: italic; }
.tok-definition, .tok-className, .tok-propertyName.tok-definition { color: var(--mv-name); }
`;
