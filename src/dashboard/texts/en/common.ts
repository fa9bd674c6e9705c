/** Words that several pages share. */

export const commonTexts = {
  action: "Action",
  cancel: "Cancel",
  copy: "Copy",
  copied: "Copied",
  copyByKeys: "Press Ctrl+C",
  older: "Older",
  overview: "Overview",
  remove: "Remove",
  save: "Save",
  search: "Search",
  show: "Show",
  toOverview: "Go to the overview",
  breadcrumb: "Breadcrumb",
  pages: "Pages",
  newest: "Newest",

  roles: { viewer: "viewer", admin: "admin", owner: "owner" },

  notFound: "Not found",
  /** @param what - one of those below */
  notFoundMore: (what: string) => `${what}. It may have been removed, or the address may be incomplete.`,
  noPage: "This page does not exist",
  noTenant: "There is no such tenant",
  noConnection: "There is no such connection",
};
