/** What Azure AD maps to each attribute by default, and what it is told to for Javelo's. */

export const AZURE_SOURCES: Readonly<Record<string, string>> = {
  userName: "`userPrincipalName`, matching precedence 1",
  active: '`Switch([IsSoftDeleted], , "False", "True", "True", "False")`',
  displayName: "`displayName`",
  title: "`jobTitle`",
  preferredLanguage: "`preferredLanguage`",
  "emails.value": '`mail`, as `emails[type eq "work"].value`; `proxyAddresses`, as type `other`',
  "name.givenName": "`givenName`",
  "name.familyName": "`surname`",
  "name.formatted": '`Join(" ", [givenName], [surname])`',
  externalId: "users: `mailNickname`, better `objectId`; groups: `objectId`",
  employeeNumber: "`employeeId`",
  department: "`department`",
  manager: "`manager`, a reference",
  "phoneNumbers.value":
    "`telephoneNumber`, `mobile`, `facsimileTelephoneNumber`, as types `work`, `mobile`, `fax`",
  "addresses.streetAddress": "`streetAddress`, as type `work`, like those that follow",
  "addresses.postalCode": "`postalCode`",
  "addresses.locality": "`city`",
  "addresses.region": "`state`",
  "addresses.country": "`country`",
  "addresses.formatted": "`physicalDeliveryOfficeName`",
  members: "`members`",
};

/** Of a group, where it differs. */
export const AZURE_GROUP_SOURCES: Readonly<Record<string, string>> = {
  displayName: "`displayName`, matching precedence 1",
  members: "`members`",
};

/** Azure has no default for attributes of one product: what usually holds them. */
export const JAVELO_SOURCES: Readonly<Record<string, string>> = {
  employeeNumber: "`employeeId`",
  language: "`preferredLanguage`",
  job: "`jobTitle`",
  department: "`department`",
  organization: "`companyName`",
  status: "`extensionAttribute1`, or an expression over `accountEnabled`",
  grade: "`extensionAttribute2`",
  phone: "`telephoneNumber`",
  firstHiredOn: "`employeeHireDate`, or an extension attribute",
  currentHiredOn: "`employeeHireDate`",
  workTime: "`extensionAttribute3`",
  managerEmail: "an extension attribute that HR fills: Azure maps `manager` as a reference only",
  team: "`extensionAttribute4`",
};
