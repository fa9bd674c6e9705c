/** Words that several pages share. */

export const commonTexts = {
  cancel: "Cancel",
  copy: "Copy",
  older: "Older",
  overview: "Overview",
  remove: "Remove",
  save: "Save",
  search: "Search",
  show: "Show",
  toOverview: "Go to the overview",

  notFound: "Not found",
  /** @param what - one of those below */
  notFoundMore: (what: string) => `${what}. It may have been removed, or the address may be incomplete.`,
  noPage: "This page does not exist",
  noTenant: "There is no such tenant",
  noConnection: "There is no such connection",
};
