// What the console takes from its libraries, as types: enough for `tsc --checkJs`, without packages to install.
declare module "preact" {
  export type ComponentType<P> = (props: P) => unknown;
  export class Component<P = unknown, S = unknown> {
    props: P;
    state: S;
    setState(state: Partial<S>): void;
  }
  export function h(type: unknown, props: unknown, ...children: unknown[]): unknown;
  export function render(node: unknown, place: Element): void;
}
declare module "preact/hooks" {
  type Ref<T> = { current: T };
  export function useState<T>(first: T | (() => T)): [T, (next: T | ((now: T) => T)) => void];
  export function useEffect(run: () => void | (() => void), inputs?: readonly unknown[]): void;
  export function useLayoutEffect(run: () => void | (() => void), inputs?: readonly unknown[]): void;
  export function useMemo<T>(make: () => T, inputs: readonly unknown[]): T;
  export function useRef<T>(first: T): Ref<T>;
  export function useId(): string;
}
declare module "htm" {
  const htm: { bind(h: unknown): (strings: TemplateStringsArray, ...values: any[]) => unknown };
  export default htm;
}
declare module "@preact/signals" {
  export interface Signal<T> {
    value: T;
    peek(): T;
  }
  export function signal<T>(first: T): Signal<T>;
  export function computed<T>(make: () => T): Readonly<Signal<T>>;
  export function effect(run: () => void | (() => void)): () => void;
  export function batch<T>(run: () => T): T;
}
declare module "uplot" {
  const uPlot: any;
  export default uPlot;
}
