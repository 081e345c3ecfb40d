// What every component is written with: Preact through htm, so that no file has to be built. Text goes in as text;
// nothing here takes HTML.
import { h } from "preact";
import htm from "htm";

export const html = htm.bind(h);
