/** How English writes numbers, and how many there are of something. */

const NUMBER = new Intl.NumberFormat("en-GB");

export function count(value: number): string {
  return NUMBER.format(value);
}

/** For the other texts of this language. @returns such as `1 user` or `2 users` */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}

export const numberTexts = { count };
