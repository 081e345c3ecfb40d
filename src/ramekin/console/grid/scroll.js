// Scrolling over more rows than an element can be high: a browser draws none beyond some 17 million pixels, which is half
// a million rows. The height is cut there; small moves are exact, and a leap along the bar is scaled.
// Source: the "virtual pages" of SlickGrid.

const MOST_PX = 8_000_000;

export class Scroll {
  /** @param {number} row height of a row */
  constructor(row) {
    this.row = row;
    this.count = 0;
    this.height = 0;
    this.shift = 0;
    this.last = 0;
  }

  /** @param {number} count */
  resize(count) {
    this.count = count;
    this.height = Math.min(count * this.row, MOST_PX);
    if (this.height === count * this.row) this.shift = 0;
  }

  /** What is above the first pixel that is seen, if all rows had their height. @param {number} top */
  exact(top) {
    return top + this.shift;
  }

  /**
   * Take note of where the element was scrolled to. Returns where it ought to be instead, if it must move.
   * @param {number} top
   * @param {number} seen height of what is seen
   */
  moved(top, seen) {
    const excess = this.count * this.row - this.height;
    if (excess <= 0) return top;
    const isLeap = Math.abs(top - this.last) > seen;
    const most = this.height - seen;
    if (isLeap || top <= 0 || top >= most) {
      this.shift = Math.round(excess * Math.min(1, Math.max(0, top / most)));
      this.last = top;
      return top;
    }
    // A small move is exact. So that the bar keeps in step with it, both are set right once they are a screen apart.
    const meant = Math.round(((top + this.shift) / (this.count * this.row - seen)) * most);
    this.last = top;
    if (Math.abs(meant - top) < seen * 4) return top;
    this.shift += top - meant;
    this.last = meant;
    return meant;
  }

  /** Where the element is scrolled to for a row to be seen. @param {number} index @param {number} top @param {number} seen */
  to(index, top, seen) {
    const wanted = index * this.row;
    const now = this.exact(top);
    if (wanted >= now && wanted + this.row <= now + seen) return top;
    const exact = wanted < now ? wanted : wanted + this.row - seen;
    const excess = this.count * this.row - this.height;
    if (excess > 0 && Math.abs(exact - now) > seen) {
      const meant = Math.round((exact / (this.count * this.row - seen)) * (this.height - seen));
      this.shift = exact - meant;
      this.last = meant;
      return meant;
    }
    this.last = exact - this.shift;
    return this.last;
  }
}
