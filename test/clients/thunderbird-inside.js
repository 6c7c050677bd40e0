/**
 * What the tests have Thunderbird do, by its own services and windows. This text is handed to it whole with each call
 * (thunderbird.ts), and runs there with its own rights; `Cc`, `Ci`, `Services` and `ChromeUtils` are its globals.
 */
/* global Cc, Ci, Services, ChromeUtils, IOUtils */
const { MailServices } = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");
const { MsgHdrToMimeMessage } = ChromeUtils.importESModule("resource:///modules/gloda/MimeMessage.sys.mjs");

const server = (name) => MailServices.accounts.allServers.find((one) => one.prettyName === name);
const pause = (ms) => new Promise((resolve) => Services.tm.mainThread.dispatch(() => setTimeoutOf(ms, resolve), 0));

function setTimeoutOf(ms, work) {
  const timer = Cc["@mozilla.org/timer;1"].createInstance(Ci.nsITimer);
  timer.initWithCallback(
    () => {
      timer.cancel();
      work();
    },
    ms,
    Ci.nsITimer.TYPE_ONE_SHOT,
  );
  kept.add(timer);
}
const kept = new Set();

/** Waits until the look answers something that is neither undefined nor false. */
async function until(what, look, ms = 20_000) {
  for (let waited = 0; waited < ms; waited += 50) {
    const seen = await look();
    if (seen !== undefined && seen !== false && seen !== null) return seen;
    await pause(50);
  }
  throw new Error(`waited in vain: ${what}`);
}

function folder(path, account = "imap") {
  const root = server(account).rootFolder;
  let at = root;
  for (const name of path.split("/")) {
    at = at.subFolders.find((one) => one.name === name || (name === "INBOX" && one.flags & Ci.nsMsgFolderFlags.Inbox));
    if (at === undefined) return undefined;
  }
  return at;
}

const headers = (of) => [...of.msgDatabase.enumerateMessages()];
const headerOf = (path, subject, account) =>
  until(`${subject} in ${path}`, () => {
    const of = folder(path, account);
    return of && headers(of).find((one) => one.mime2DecodedSubject === subject);
  });

const gone = (path, subject) =>
  until(
    `${subject} gone from ${path}`,
    () => !headers(folder(path)).some((one) => one.mime2DecodedSubject === subject),
  );

/** A listener for what is done over URLs. */
function finished(start) {
  return new Promise((resolve, reject) => {
    start({
      QueryInterface: ChromeUtils.generateQI(["nsIUrlListener"]),
      OnStartRunningUrl() {},
      OnStopRunningUrl(_url, status) {
        if (status === 0) resolve();
        else reject(new Error(`the server's answer was taken as ${status.toString(16)}`));
      },
    });
  });
}

/** Has the folder looked at again; what came of it is waited for by what is seen. */
const update = (of) => of.updateFolder(null);

// biome-ignore lint/correctness/noUnusedVariables: called by name from outside
const actions = {
  /** Believes the certificate authority, knows the passwords. */
  prepare(ca, password) {
    const store = Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB);
    store.addCertFromBase64(ca, "CT,C,C");
    for (const one of MailServices.accounts.allServers) if (one.type !== "none") one.password = password;
    for (const one of MailServices.outgoingServer.servers) one.password = password;
    return Services.appinfo.version;
  },

  /** Opens the account: the folders are listed, the inbox is selected and watched. */
  async open(account) {
    server(account).performExpand(null);
    const inbox = await until("an inbox", () => folder("INBOX", account));
    if (account === "imap") update(inbox);
  },

  /** Waits until it knows the folder by what it is for. */
  async special(path, flag) {
    await until(`${path} known by its use`, () => (folder(path)?.flags ?? 0) & flag || undefined);
  },

  async hear(path, subject) {
    await headerOf(path, subject);
  },

  /** Subject, author, text and attachments as the reading pane gets them. */
  async read(path, subject, account) {
    const header = await headerOf(path, subject, account);
    const message = await new Promise((resolve) =>
      MsgHdrToMimeMessage(header, null, (_header, mime) => resolve(mime), true, { partsOnDemand: false }),
    );
    return {
      author: header.mime2DecodedAuthor,
      read: header.isRead,
      flagged: header.isFlagged,
      text: message.coerceBodyToPlaintext(header.folder),
      attachments: message.allUserAttachments.map((one) => ({ name: one.name, type: one.contentType, size: one.size })),
    };
  },

  async mark(path, subject, { read, flagged, tag }) {
    const header = await headerOf(path, subject);
    const of = header.folder;
    if (read !== undefined) of.markMessagesRead([header], read);
    if (flagged !== undefined) of.markMessagesFlagged([header], flagged);
    if (tag !== undefined) of.addKeywordsToMessages([header], tag);
  },

  /** Waits until a message shows as answered and starred. */
  async marked(path, subject) {
    await until(`${subject} marked`, () =>
      headers(folder(path)).some(
        (one) => one.mime2DecodedSubject === subject && one.isFlagged && one.flags & Ci.nsMsgMessageFlags.Replied,
      ),
    );
  },

  async create(parent, name) {
    const of = parent === "" ? server("imap").rootFolder : folder(parent);
    of.createSubfolder(name, null);
    await until(`folder ${name}`, () => folder(parent === "" ? name : `${parent}/${name}`));
  },

  async rename(path, name) {
    folder(path).rename(name, null);
    await until(`folder ${name}`, () => folder([...path.split("/").slice(0, -1), name].join("/")));
  },

  async move(from, subject, to) {
    const header = await headerOf(from, subject);
    MailServices.copy.copyMessages(header.folder, [header], folder(to), true, null, null, false);
    await gone(from, subject);
    update(folder(to));
    await headerOf(to, subject);
  },

  /** The Delete key. */
  async remove(path, subject) {
    const header = await headerOf(path, subject);
    header.folder.deleteMessages([header], null, false, true, null, false);
    await gone(path, subject);
  },

  /** Thunderbird asks first; the answer is yes, and the call ends with the question. */
  removeFolder(path) {
    Services.prefs.setBoolPref("mailnews.confirm.moveFoldersToTrash", false);
    folder(path).deleteSelf(Services.wm.getMostRecentWindow("mail:3pane").msgWindow);
  },

  /** Of a folder: gone (into Trash). Of a message: no longer there. */
  async gone(path, subject) {
    if (subject === undefined) await until(`${path} gone`, () => folder(path) === undefined);
    else await gone(path, subject);
  },

  async emptyTrash() {
    await finished((listener) => folder("Trash").emptyTrash(listener));
  },

  /** The flame: marks as junk and moves as the account's junk settings say. */
  async junk(path, subject) {
    const header = await headerOf(path, subject);
    header.folder.setJunkScoreForMessages([header], "100", "user", -1);
    header.folder.addKeywordsToMessages([header], "Junk");
    MailServices.copy.copyMessages(header.folder, [header], folder("Junk"), true, null, null, false);
    await gone(path, subject);
  },

  async compact(path) {
    await finished((listener) => folder(path).compact(listener, null));
  },

  /** Writes a message in the editor's window and presses Send (or saves it as a draft). */
  async write({ to, subject, body, attachment, draft }) {
    const fields = Cc["@mozilla.org/messengercompose/composefields;1"].createInstance(Ci.nsIMsgCompFields);
    fields.to = to;
    fields.subject = subject;
    fields.body = body;
    if (attachment !== undefined) {
      const one = Cc["@mozilla.org/messengercompose/attachment;1"].createInstance(Ci.nsIMsgAttachment);
      one.url = Services.io.newFileURI(await IOUtils.getFile(attachment)).spec;
      one.name = attachment.split("/").at(-1);
      fields.addAttachment(one);
    }
    const parameters = Cc["@mozilla.org/messengercompose/composeparams;1"].createInstance(Ci.nsIMsgComposeParams);
    parameters.type = Ci.nsIMsgCompType.New;
    parameters.format = Ci.nsIMsgCompFormat.HTML;
    parameters.identity = MailServices.accounts.defaultAccount.defaultIdentity;
    parameters.composeFields = fields;
    MailServices.compose.OpenComposeWindowWithParams(null, parameters);
    const window = await until("the editor", () => {
      const one = Services.wm.getMostRecentWindow("msgcompose");
      return one?.gMsgCompose?.compFields?.subject === subject && one.composeEditorReady ? one : undefined;
    });
    if (draft) {
      window.goDoCommand("cmd_saveAsDraft");
      await until("the draft kept", () => !window.gSaveOperationInProgress && !window.gContentChanged);
      await pause(500);
      window.close();
      return;
    }
    window.goDoCommand("cmd_sendNow");
    await until("the editor closed: sent, and kept in Sent", () => window.closed, 30_000);
  },

  /** Asks the server (not the local copy) for a text. */
  async search(path, text) {
    const session = Cc["@mozilla.org/messenger/searchSession;1"].createInstance(Ci.nsIMsgSearchSession);
    session.addScopeTerm(Ci.nsMsgSearchScope.onlineMail, folder(path));
    const term = session.createTerm();
    term.attrib = Ci.nsMsgSearchAttrib.Body;
    term.op = Ci.nsMsgSearchOp.Contains;
    const value = term.value;
    value.attrib = term.attrib;
    value.str = text;
    term.value = value;
    session.appendTerm(term);
    const found = [];
    await new Promise((resolve) => {
      session.registerListener({
        onSearchHit: (header) => found.push(header.mime2DecodedSubject),
        onSearchDone: () => resolve(),
        onNewSearch() {},
      });
      session.search(null);
    });
    return found;
  },

  /** Fetches whole messages for reading without a network. */
  async download(path) {
    await finished((listener) => folder(path).downloadAllForOffline(listener, null));
    return headers(folder(path)).filter((one) => one.flags & Ci.nsMsgMessageFlags.Offline).length;
  },

  /** Waits until the folder holds so many. */
  async hold(path, count) {
    update(folder(path));
    await until(`${count} in ${path}`, () => headers(folder(path)).length === count);
  },

  /** Get Messages of a POP3 account. */
  async fetch() {
    const at = server("pop3");
    await finished((listener) => MailServices.pop3.GetNewMail(null, listener, folder("INBOX", "pop3"), at));
    return headers(folder("INBOX", "pop3")).map((one) => one.mime2DecodedSubject);
  },
};
