/** Accounts of the console: one's own, everybody's, one of them, and what a password must be. */

export const accountTexts = {
  title: "Your account",
  passwordChanged: "The password is changed; your other sessions have ended.",
  login: "Login",
  role: "Role",
  signedInBy: "Signed in by",
  byPassword: "password",
  lastSignIn: "Last sign-in",
  noneYet: "None yet",
  password: "Password",
  oldPassword: "Password so far",
  changePassword: "Change password",
  wrongPassword: "The password so far is not that one. Nothing was changed.",

  sessions: {
    title: "Sessions",
    lastUsed: "Last used",
    begun: "Begun",
    ends: "Ends",
    browser: "Browser",
    address: "Address",
    change: "Change",
    thisOne: "This one",
    unknown: "unknown",
    end: "End",
    /** Which one a button ends, for who cannot see its row. */
    endWhich: (begunAt: string) => ` the session of ${begunAt}`,
    none: "No session",
    noneMore: "Nobody is signed in here.",
    noSuch: "There is no such session",
    browserOn: (browser: string, system: string) => `${browser}, ${system}`,
  },
};

export const accountsTexts = {
  title: "Accounts",
  login: "Login",
  role: "Role",
  state: "State",
  signsInBy: "Signs in by",
  lastSignIn: "Last sign-in",
  sessions: "Sessions",
  byPassword: "Password",
  byNothing: "Nothing yet",
  never: "Never",
  states: {
    disabled: "Disabled",
    locked: "Locked for a while",
    active: "Active",
    noWayIn: "No way in",
    invited: "Invited",
  },
  roles: {
    viewer: "Viewer: sees everything but secrets and people's values",
    admin: "Admin: activates, rotates tokens, mends what failed",
    owner: "Owner: accounts, tenants and erasure besides",
  },

  invite: "Invite somebody",
  loginMore: "A name or an e-mail address, in lower case; it stands in the audit.",
  create: "Create account",
  noRole: "Choose a role.",
  wrongLogin: "A login has letters, digits and . _ @ + -, 100 at most, and begins with a letter or digit.",
  takenLogin: (login: string) => `There is an account “${login}” already.`,
  invited: (login: string) => `${login} is invited`,

  link: {
    send: (login: string) => `Send this link to ${login}`,
    link: "Link",
    goodUntil: "Good until",
    once: "The link is shown this once, and works once.",
    onceMore: (login: string) =>
      `Whoever has it chooses the password: send it by a way that only ${login} reads.`,
    back: "Back to the accounts",
  },

  one: {
    noSuch: "There is no such account",
    settings: "Settings",
    created: "Created",
    linkUntil: "Link waits until",
    noLink: "None",
    audit: "Audit",
    whatTheyDid: (login: string) => `What ${login} did`,
    change: "Change",
    saveRole: "Save role",
    makeLink: "Make a link for a new password",
    makeLinkMore: "The password so far works until the link is used.",
    byProvider: "The identity provider says who this is and, at each sign-in, which role: change it there.",
    disable: "Disable",
    disableMore: (login: string) => `Signs ${login} out everywhere; the audit keeps the name.`,
    enable: "Enable",
    enableMore: "The password so far works again.",
    lastOwner: "This is the last owner who can sign in: make somebody else an owner first.",
    wayIn: (login: string) => `A way in for ${login}`,
  },
};

const EASY = {
  common: "That is one of the passwords that are tried first, or a small change of one.",
  about_you: "That is made of your login, or of a word that anybody would try here.",
  repeated: "That says the same again and again, which is tried first.",
  in_a_row: "That is a row of keys, letters or digits, which is tried first.",
  date: "That is a date or a year with little around it, which is tried first.",
};

export const passwordTexts = {
  new: "New password",
  again: "New password, again",
  atLeast: (characters: number) => `${characters} characters at least.`,
  tooShort: (characters: number) => `A password has ${characters} characters at least.`,
  tooLong: (characters: number) => `A password has ${characters} characters at most.`,
  tooEasy: (why: keyof typeof EASY) =>
    `${EASY[why]} Choose another: four words or more that do not belong together do well, or what a password manager makes up.`,
  differ: "The two passwords differ.",
};
