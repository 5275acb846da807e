/** What is left of a document after everything with a wrong shape was taken out: any key and any list item may be absent. */
export type Draft<T> = T extends string | number | boolean | undefined
  ? T | undefined
  : T extends readonly (infer Item)[]
    ? readonly (Draft<Item> | undefined)[]
    : { readonly [Key in keyof T]?: Draft<T[Key]> | undefined };

/** Items of a list that are there, with their place in it. */
export function present<T>(items: readonly (T | undefined)[] | undefined): { readonly at: number; readonly item: T }[] {
  return (items ?? []).flatMap((item, at) => (item === undefined ? [] : [{ at, item }]));
}
