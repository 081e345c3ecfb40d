// JSON that loses nothing: a number that JavaScript would print in another way than it was written keeps its text.

/** A number whose spelling matters: an integer beyond 2^53, `1.0`, `1e400`. */
export class Spelled {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
  }
  toString() {
    return this.text;
  }
  toJSON() {
    return "rawJSON" in JSON ? /** @type {any} */ (JSON).rawJSON(this.text) : Number(this.text);
  }
}

/**
 * @param {string} text
 * @returns {any}
 */
export function parse(text) {
  // Most texts have no number that needs care, and a reviver makes parsing ten times as slow.
  if (!/\d\.\d*0\b|\d[eE]|\d{16}|-0\b/.test(text)) return JSON.parse(text);
  return JSON.parse(text, /** @type {any} */ (
    function keep(/** @type {string} */ _name, /** @type {unknown} */ value, /** @type {{source?: string}} */ context) {
      const source = typeof value === "number" ? context?.source : undefined;
      return source === undefined || source === String(value) ? value : new Spelled(source);
    }
  ));
}

/** @param {string} text */
export function isJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * @param {unknown} value
 * @param {number} [indent]
 */
export function print(value, indent = 0) {
  return JSON.stringify(value, null, indent);
}

/**
 * An object with one more member, or another value of it. A member called `__proto__` is one like any other.
 * @param {object} record
 * @param {string} name
 * @param {unknown} value
 */
export function withMember(record, name, value) {
  const made = { ...record };
  Object.defineProperty(made, name, { value, enumerable: true, configurable: true, writable: true });
  return made;
}

/**
 * @param {any} record
 * @param {string} name
 */
export function member(record, name) {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

/**
 * @param {unknown} one
 * @param {unknown} other
 */
export function isSame(one, other) {
  return one === other || print(one) === print(other);
}
