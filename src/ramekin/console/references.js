// Names of fields that name a record elsewhere, such as `user_id` or `userId`, and the tables that they are called after.

const REFERENCE = /.(_id|Id|ID)$/;

/** Whether a field is called like a reference. @param {string} field */
export const isReference = (field) => REFERENCE.test(field);

/** The name of one thing, of the name of a table of many: users, boxes, cities. @param {string} table */
export const singular = (table) => table.replace(/ies$/, "y").replace(/(ss|sh|ch|x)es$/, "$1").replace(/([^s])s$/, "$1");

/** Whether a field is called like a reference to a table. @param {string} field @param {string} table */
export function refersTo(field, table) {
  const name = field.replace(/_?id$/i, "").toLowerCase();
  return isReference(field) && (name === singular(table).toLowerCase() || name === table.toLowerCase());
}
