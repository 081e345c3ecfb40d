// Ids for records that have none, made as the server makes them (UUIDs of version 7): what is sent with its id is stored once,
// however often it is sent. A browser sends again by itself what it sent on a connection that breaks before the answer.
import { declaredFields } from "./fields.js";

/** Whether the server would make such an id for a table: a schema that has an id of its own may make another. @param {any} schema */
export function isNamedHere(schema) {
  const declared = declaredFields(schema).find(({ path }) => path === "id");
  return !declared || declared.schema.format === "uuid";
}

/** The ids of records that are sent together: in their order, and the same each time that somebody asks. */
export class Naming {
  constructor() {
    this.moment = Date.now();
    this.chance = Array.from(crypto.getRandomValues(new Uint16Array(4)), (part) => part.toString(16).padStart(4, "0"));
    this.chance[0] = ((parseInt(this.chance[0], 16) & 0x3fff) | 0x8000).toString(16);
  }

  /** @param {number} place of a record */
  idOf(place) {
    const moment = (this.moment + Math.floor(place / 4096)).toString(16).padStart(12, "0");
    const order = (place % 4096).toString(16).padStart(3, "0");
    return `${moment.slice(0, 8)}-${moment.slice(8)}-7${order}-${this.chance[0]}-${this.chance.slice(1).join("")}`;
  }

  /** What gives one id after the other, from the first. */
  start() {
    let place = 0;
    return () => this.idOf(place++);
  }
}
