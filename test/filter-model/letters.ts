/**
 * Mail that we wrote ourselves, for the model that is shipped: what people and their programs send each other, in several languages and
 * with few or many header fields, and the best-known kinds of fraud. The same for the same number, on every machine.
 */

/** A number below `below`, the next of a sequence. */
type Dice = (below: number) => number;

function dice(seed: number): Dice {
  let state = (seed + 1) * 2_654_435_761;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5) | 0;
    return ((state ^ (state >>> 13)) >>> 0) % below;
  };
}
const pick = <T>(roll: Dice, list: readonly T[]): T => list[roll(list.length)]!;
const several = (roll: Dice, list: readonly string[], count: number): string[] =>
  Array.from({ length: count }, () => pick(roll, list));

const people =
  `Ann Miller|Tom Baker|Carla Rossi|Jonas Weber|Marie Dubois|Pedro Alves|Lucia Gomez|Sven Olsen|Emma Clark|David Stone|Nina Petrova|Kenji Sato|Olga Novak|Paul Keller|Ines Costa|Farid Aziz|Grace Kim|Henry Wood`.split(
    "|",
  );
const places =
  `garden.example|wood-and-sons.example|river.example|school.example|hospital.example|print.example|museum.example|bakery.example|farm.example|uni.example|lab.example|studio.example|sender.test|remote.test|client.example|mail.example|gmail.com|outlook.com|gmx.de|web.de|orange.fr|uol.com.br`.split(
    "|",
  );
const talk: { readonly [language: string]: readonly string[] } = {
  english:
    `can we meet on Tuesday at ten?|the minutes of last week are attached|I have talked to the landlord, he will call you|the train was late again, sorry|thank you for the photos of the children|could you send me the file once more?|lunch on Friday would be fine with me|the printer on the second floor is broken|we have booked the room for the meeting|please have a look at the draft and tell me what you think|my mother is well again and sends her love|the order has come, everything is complete|the test passes on my machine|I will be away until Monday|the bill of the plumber is on your desk|happy birthday, have a lovely day|this is a test message|hello|see you tomorrow|the meeting is moved to room 12|the key is under the mat|the weather was wonderful and we walked a lot`.split(
      "|",
    ),
  german:
    `können wir uns am Dienstag treffen?|das Protokoll hängt an|ich habe mit dem Vermieter gesprochen|der Zug war wieder zu spät|danke für die Fotos der Kinder|kannst du mir die Datei noch einmal schicken?|Mittagessen am Freitag passt mir gut|wir haben den Raum reserviert|bitte schau dir den Entwurf an|ich bin bis Montag nicht da|herzlichen Glückwunsch zum Geburtstag|die Bestellung ist angekommen|bis morgen|das Wetter war herrlich`.split(
      "|",
    ),
  french:
    `est-ce que nous pouvons nous voir mardi ?|le compte rendu est en pièce jointe|j'ai parlé avec le propriétaire|le train était encore en retard|merci pour les photos des enfants|peux-tu m'envoyer le fichier encore une fois ?|déjeuner vendredi me convient|la salle est réservée|je suis absent jusqu'à lundi|bon anniversaire|à demain|il a fait très beau`.split(
      "|",
    ),
  portuguese:
    `podemos nos encontrar na terça?|a ata está em anexo|falei com o senhorio|o comboio chegou atrasado outra vez|obrigado pelas fotos das crianças|podes enviar o ficheiro mais uma vez?|almoço na sexta está bem para mim|a sala está reservada|volto na segunda-feira|feliz aniversário|até amanhã|o tempo estava ótimo`.split(
      "|",
    ),
  spanish:
    `¿podemos vernos el martes?|el acta va adjunta|hablé con el casero|el tren llegó tarde otra vez|gracias por las fotos de los niños|¿puedes mandarme el archivo otra vez?|comer el viernes me viene bien|la sala está reservada|vuelvo el lunes|feliz cumpleaños|hasta mañana|hizo muy buen tiempo`.split(
      "|",
    ),
};
const works =
  `the build of branch main has finished, 412 tests passed|backup of host db2 finished in 00:12:41, 18 GB written|disk usage of /var is at 71 %|your ticket 4711 has been answered by the support team|the certificate of www was renewed|Anna has commented on your request|new version 2.4.1 was released: fixes for the parser and the cache|your reservation for two people on the 14th at 19:30 is confirmed|your order 20177 has been shipped, you will find the invoice in your account|your statement for May is ready|the library reminds you that three books are due on Friday`.split(
    "|",
  );
const frauds =
  `your account has been suspended, verify your identity within 24 hours|Ihr Konto wurde gesperrt, bestätigen Sie Ihre Daten umgehend|votre compte est bloqué, cliquez ici pour vérifier vos informations|sua conta será bloqueada, clique aqui para regularizar|su cuenta ha sido suspendida, haga clic para verificar|you have won 1,500,000 dollars in the email lottery, contact the claims agent|I am Mrs Grace Williams, a widow, and my late husband left the sum of 12 million dollars for charity work|claim your tokens now, connect your wallet before the airdrop ends|double your bitcoin today, guaranteed profit every week|cheap viagra and cialis without prescription, order now|lose 20 pounds in two weeks with this one trick, doctors hate it|we recorded you with your webcam, send 900 dollars in bitcoin to this address within 48 hours|your parcel could not be delivered, pay the customs fee of 1.99 here|hot women in your area are waiting for you|you have been selected for a free gift card, complete the short survey|approved: personal loan without credit check, apply now|replica rolex watches at the best price|your mailbox is full, upgrade your mailbox or messages will be deleted|we can bring your website to the first page of google|kindly find the attached invoice and confirm the payment today`.split(
    "|",
  );

const capital = (text: string): string => text[0]!.toUpperCase() + text.slice(1);
const addressOf = (name: string, domain: string): string => `${name.toLowerCase().replace(" ", ".")}@${domain}`;
const quoted = (text: string): string => text.replace(/^/gm, "> ");
const encoded = (text: string): string =>
  /[^ -~]/.test(text) ? `=?utf-8?B?${Buffer.from(text).toString("base64")}?=` : text;

/** What is common to all: who, when, through which server. Hand-written tests and old programs leave much of it out. */
function header(roll: Dice, from: string, domain: string, subject: string, fields: readonly string[]): string {
  const id = `<${roll(1e9).toString(36)}.${roll(1e9).toString(36)}@${domain}>`;
  const sparse = roll(4);
  const all = [
    `Return-Path: <${from.replace(/^.*<|>$/g, "")}>`,
    `Received: from mail.${domain} (mail.${domain} [198.51.100.${roll(250) + 1}])\r\n\tby mx.example.net with ESMTPS; Mon, 5 Jan 2026 10:${10 + roll(49)}:00 +0000`,
    ...(roll(2) === 0
      ? [
          `Received: from [192.168.1.${roll(250)}] (unknown [203.0.113.${roll(250)}])\r\n\tby mail.${domain} with ESMTPSA; Mon, 5 Jan 2026 10:09:00 +0000`,
        ]
      : []),
    `From: ${from}`,
    "To: user@example.net",
    `Subject: ${encoded(subject)}`,
    ...(sparse === 0 ? [] : [`Date: Mon, 5 Jan 2026 10:0${roll(9)}:00 +0${roll(3)}00`, `Message-ID: ${id}`]),
    ...(sparse === 1 ? [] : ["MIME-Version: 1.0"]),
    ...fields,
  ];
  return `${all.join("\r\n")}\r\n`;
}

const plain = "Content-Type: text/plain; charset=utf-8";
const programs =
  `User-Agent: Mozilla Thunderbird|X-Mailer: Apple Mail (2.3826.300.87.4.3)|User-Agent: Mutt/2.2.13|User-Agent: Roundcube Webmail/1.6.9|X-Mailer: iPhone Mail (22C161)|X-Mailer: Microsoft Outlook 16.0`.split(
    "|",
  );

/** A letter, an answer, a discussion, a program's notice, or an ordinary mail of a shop. */
export function goodMail(number: number): Buffer {
  const roll = dice(number);
  const name = pick(roll, people);
  const domain = pick(roll, places);
  const from = roll(5) === 0 ? addressOf(name, domain) : `${name} <${addressOf(name, domain)}>`;
  const lines = pick(roll, Object.values(talk));
  const text = several(roll, lines, 1 + roll(5))
    .map(capital)
    .join(". ");
  const subject = capital(pick(roll, lines)).slice(0, 40);
  const program = roll(3) === 0 ? [] : [pick(roll, programs)];
  const write = (head: string, body: string): Buffer => Buffer.from(`${head}\r\n${body}\r\n`);
  switch (number % 6) {
    case 0:
      return write(header(roll, from, domain, subject, [...program, plain]), `${text}\r\n\r\n${name.split(" ")[0]}`);
    case 1:
      return write(
        header(roll, from, domain, `Re: ${subject}`, [
          ...program,
          `In-Reply-To: <${roll(1e9)}@example.net>`,
          `References: <${roll(1e9)}@example.net>`,
          plain,
        ]),
        `${text}\r\n\r\nOn Sunday you wrote:\r\n${quoted(several(roll, lines, 3).map(capital).join("\r\n"))}`,
      );
    case 2: {
      const boundary = `b${roll(1e9)}`;
      return write(
        header(roll, from, domain, subject, [
          ...program,
          `Content-Type: multipart/alternative; boundary="${boundary}"`,
        ]),
        `--${boundary}\r\n${plain}\r\n\r\n${text}\r\n\r\n--${boundary}\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><body><div>${text}</div><div><br></div><div>${name}<br>${domain}</div></body></html>\r\n--${boundary}--`,
      );
    }
    case 3: {
      const work = pick(roll, works);
      return write(
        header(roll, `noreply@${domain}`, domain, capital(work).slice(0, 45), [
          plain,
          "Auto-Submitted: auto-generated",
        ]),
        `${capital(work)}.\r\n\r\nhttps://www.${domain}/${roll(1e6)}`,
      );
    }
    case 4:
      // As short as programs and people under test write it.
      return write(
        `From: ${from}\r\nTo: user@example.net\r\nSubject: ${encoded(subject)}\r\n`,
        capital(pick(roll, lines)),
      );
    default: {
      const work = pick(roll, works);
      const links = several(roll, ["orders", "account", "help", "preferences", "privacy", "unsubscribe", "stores"], 5)
        .map((place) => `<p><a href="https://www.${domain}/${place}">${capital(place)}</a></p>`)
        .join("");
      const signed = `DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=${domain}; s=a1; h=from:to:subject; bh=x; b=x`;
      return write(
        header(roll, `${capital(domain.split(".")[0]!)} <service@${domain}>`, domain, capital(work).slice(0, 45), [
          signed,
          `List-Unsubscribe: <https://www.${domain}/unsubscribe>`,
          "Content-Type: text/html; charset=utf-8",
        ]),
        `<html><body><h1>${capital(domain.split(".")[0]!)}</h1><p>Hello, ${work}.</p>${links}</body></html>`,
      );
    }
  }
}

/** One of the frauds that everybody gets, as text or as a page with a link. */
export function badMail(number: number): Buffer {
  const roll = dice(number + 100_000);
  const fraud = pick(roll, frauds);
  const domain = `${roll(1e9).toString(36)}.${pick(roll, ["click", "xyz", "shop", "top", "com", "info"])}`;
  const from = `${pick(roll, ["Support", "Service", "Admin", "Claims Department", "Rewards", "Security Team", "Mrs Grace"])} <${roll(1e8).toString(36)}@${domain}>`;
  const target = `http://${roll(1e9).toString(36)}.${pick(roll, ["click", "xyz", "shop", "top", "icu", "ru"])}/${roll(1e9).toString(36)}`;
  const subject = capital(fraud).slice(0, 30 + roll(20)) + pick(roll, ["", "!", "!!", ` #${roll(1e6)}`]);
  const more = several(roll, frauds, 1 + roll(2))
    .map(capital)
    .join(". ");
  const isText = roll(2) === 0;
  return Buffer.from(
    isText
      ? `${header(roll, from, domain, subject, [plain])}\r\n${capital(fraud)}. ${more}.\r\n\r\n${target}\r\n`
      : `${header(roll, from, domain, subject, ["Content-Type: text/html; charset=utf-8"])}\r\n<html><body><center><font size="5" color="red">${capital(fraud)}</font><p>${more}</p><a href="${target}">Click here</a><img src="${target}.png"></center></body></html>\r\n`,
  );
}
