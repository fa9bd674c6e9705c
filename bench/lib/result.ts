/** What a measure found, as a row of the table. */
export interface Result {
  readonly measure: string;
  readonly service: string;
  readonly baseline: string;
  /** The figure that the aim is about. */
  readonly verdict: string;
}

export const HEADER = `| measure | service | baseline | compared |
| ------- | ------- | -------- | -------- |
`;

export function rowOf({ measure, service, baseline, verdict }: Result): string {
  return `| ${measure} | ${service} | ${baseline} | ${verdict} |\n`;
}
