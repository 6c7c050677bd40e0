/**
 * What spam talks about, in the words it uses. Whole words in order, case and accents as the reader of words has them; one topic
 * counts each of its phrases once.
 */
import { readWords } from "../words.ts";

export const topics = {
  fee: `million dollars|million usd|million united states dollars|million pounds|million euros|next of kin|beneficiary|inheritance|late client|deceased client|bank draft|atm card|
    foreign partner|business proposal|business proposition|transfer this money|transfer of funds|transfer the fund|strictly confidential|utmost confidence|confidential transaction|
    barrister|solicitor|diplomat|compensation fund|united nations|unclaimed funds|abandoned fund|contract sum|risk free|your full name|your phone number|your full names|private telephone|
    god bless you|dear beloved|dear beneficiary|good news for you|project funding|fund your project|i have a proposal|a proposal for you|mutual benefit|mutually beneficial|your urgent response|i await your|awaiting your|with due respect|permit me|pardon me|i am contacting you|business relationship|dear friend|dearest one|my late husband|charity work|orphanage|cancer patient|widow|sierra leone|ivory coast|cote d'ivoire|burkina faso|nigeria|benin republic|lagos|
    south africa|security company|consignment|trunk box|fund transfer|percent of the total|email lottery|donation to you|donate|investor|loan offer|at 3 interest|reply me|contact me back|
    get back to me|claims agent|fiduciary agent|overdue payment|your fund|western union|money gram|foreign account|i am mrs|i am mr|from the desk of|reserve bank|central bank|minister of`,
  prize: `you have won|you have been selected|you've been selected|have been chosen|you've been chosen|you are a winner|lucky winner|winning number|claim your prize|claim your reward|claim your gift|claim now|claim my|
    claim your|free gift|free prize|gift card|your reward|reward is waiting|exclusive reward|loyalty reward|loyalty program reward|complete the survey|short survey|quick survey|take the survey|answer a few questions|
    congratulations you|lottery|sweepstakes winner|jackpot|promotional reward|ticket number|batch number|unclaimed reward|pending reward|free entry|emergency kit|tool set|cookware set|power drill|
    has been reserved for you|reserved for you|last chance to claim|prize|vacation package|free vacation|free trip|free laptop|free iphone|you qualify|you may qualify|selected access`,
  pills: `viagra|cialis|levitra|phentermine|xanax|valium|vicodin|hydrocodone|tramadol|ambien|soma|online pharmacy|canadian pharmacy|pharmacy|no prescription|without prescription|prescription drugs|generic drugs|
    erectile|erection|enlargement|penis|penile|male enhancement|libido|sexual performance|lasts longer|bigger size|inches|testosterone|hgh|human growth hormone|growth hormone|anti aging|
    weight loss|lose weight|lose pounds|burn fat|belly fat|melt fat|fat burner|fat burning|diet pills|ketone|keto|gummies|appetite|metabolism|metabolic|cellulite|garcinia|cbd oil|neuropathy|
    blood sugar|tinnitus|joint pain|nerve pain|toenail|fungus|prostate|hearing loss|vision loss|memory loss|doctors hate|big pharma|weird trick|simple trick|one trick|ritual|this one thing|
    hair loss|herbal|all natural|snoring|dietary supplement|stop smoking|pain relief|detox|colon|parasite`,
  sex: `xxx|porn|hardcore|nude|naked|hot girls|hot women|horny|sexy|slut|sluts|webcam|teen girls|teens|adult site|adult content|adult dating|live sex|free sex|sex pictures|fuck|pussy|cock|lonely|
    single women|singles in your area|meet singles|russian women|russian girls|ukrainian women|ukrainian love|asian women|beautiful women|looking for a man|my photos|see my photos|my profile|hookup|
    dating|marriage minded|over 18|18 years|lolita|cum|amateur|escort`,
  credit: `mortgage|refinance|refinancing|low interest|interest rates|lowest rates|home loan|home equity|consolidate|debt|debts|bad credit|credit report|credit repair|credit card debt|no credit check|cash advance|payday|
    pre approved|pre-approved|get approved|approved for|cash now|quick cash|personal loan|business loan|life insurance|insurance quote|insurance quotes|free quote|free quotes|term life|car insurance|auto insurance|auto warranty|
    extended warranty|vehicle warranty|tax relief|student loan|lenders|save thousands|save up to|monthly payment|foreclosure`,
  money: `make money|earn money|extra income|extra cash|work from home|work at home|home based business|home business|be your own boss|financial freedom|financially independent|get rich|millionaire|passive income|per week|per day from|
    multi level|mlm|network marketing|downline|money making|opportunity|investment opportunity|investors|stock alert|hot stock|penny stock|strong buy|stock pick|otc|pink sheets|symbol|price target|trading system|
    guaranteed income|no investment|no experience|start earning|earn up to|earning potential|million email addresses|bulk email|email marketing|targeted emails|email addresses|emails|opt in list|mass mail|
    giveaway|deposit|withdraw|cash flow|residual income|reports`,
  crypto: `bitcoin|bitcoins|btc|usdt|usdc|eth|ethereum|xrp|xlm|solana|litecoin|dogecoin|cardano|airdrop|airdrops|staking|stake your|seed phrase|recovery phrase|secret phrase|crypto|cryptocurrency|cryptocurrencies|
    blockchain|nft|nfts|defi|presale|pre-sale|web3|metamask|trust wallet|trezor|ledger live|connect your wallet|connect wallet|your wallet|wallet|wallets|claim your tokens|claim tokens|token|tokens|your tokens|smart contract|
    elon musk|mining|apy|yield|launchpad|giveaway|coinbase|binance|uniswap|opensea|hardware wallet|digital assets|digital currency|whitelist|mint|minting|erc20|bep20|trading platform|trading bot|quantum ai|auto trading`,
  goods: `replica|replicas|rolex|watches|breitling|louis vuitton|gucci|designer handbags|designer watches|university diploma|university diplomas|college degree|diploma|diplomas|bachelors|masters degree|no required tests|
    cable descrambler|descrambler|satellite tv|dvd copy|oem software|cheap software|adobe photoshop|ink cartridges|toner|printer cartridges|cigarettes|casino|casinos|free spins|no deposit|poker|slots|blackjack|gambling|bonus code|
    betting|sportsbook|fake id|spy|detective|background check|solar panels|gutter|gutters|roofing|walk in tub|walk-in tub|windows replacement|bathroom remodel|timeshare|drone|flashlight|heater|water bill|power bill|gold ira|
    silver coins|medicare|hearing aids|dental|stairlift|luggage|survival|tactical|solar|cookware|knife set|wireless earbuds|generator`,
  account: `verify your account|verify your identity|verify your information|verify your email|verify now|confirm your account|confirm your identity|confirm your information|confirm your details|update your account|update your information|
    update your payment|update your billing|account has been|account will be|account suspended|account is suspended|account limited|account locked|been suspended|been limited|been locked|been deactivated|will be deactivated|
    will be suspended|will be closed|will be terminated|will be deleted|unusual activity|suspicious activity|unusual sign|unusual login|unauthorized|unauthorised|unrecognized|security alert|security notice|security update|
    restore access|restore your account|regain access|reactivate|avoid suspension|avoid interruption|avoid deactivation|failure to|within 24 hours|within 48 hours|24 hours|48 hours|mailbox quota|storage quota|storage is full|mailbox is full|mailbox full|
    quota exceeded|mailbox storage|cloud storage|your photos|password expires|password expiration|password will expire|password is expiring|keep my password|keep same password|keep current password|same password|pending messages|incoming messages|undelivered messages|messages pending|
    release messages|held messages|on hold|webmail|email administrator|mail administrator|it department|help desk|helpdesk|upgrade your mailbox|validate|re-validate|revalidate|dear user|dear email user|dear account|dear customer|dear valued|dear member|dear client|valued customer|
    order has been|your order has been processed|transaction has been|payment has been|has been activated|is being activated|auto renewal|auto-renewal|automatic renewal|renewal of your|has been renewed|charged to your|will be charged|helpline|support number|call us at|cancel this order|dispute this|refund|has shared|shared a document|shared with you|review document|view document|salary review|removal request|account verification|wallet verification|verification required|payment declined|payment failed|could not be processed|billing problem|billing information|renew your subscription|subscription has expired|has expired|expired today|final notice|final warning|last warning|last reminder|
    your package|your parcel|delivery attempt|could not be delivered|delivery fee|shipping fee|customs fee|reschedule|tracking number|kyc|two factor|2fa|device was|new device|new sign-in|ip address`,
  phish: `konto|kontos|sicherheit|bestätigen|bestätigung|aktualisieren|gesperrt|sperrung|eingeschränkt|verifizieren|verifizierung|kundenservice|sehr geehrter kunde|sehr geehrte damen|sehr geehrter nutzer|lieber kunde|
    ihr konto|ihre daten|ihr paket|zustellung|sendungsverfolgung|pushtan|tan verfahren|photo tan|phototan|online banking|onlinebanking|datenschutz|umgehend|innerhalb von|frist|gewonnen|gewinner|herzlichen glückwunsch|gutschein|umfrage|belohnung|
    prezado|prezada|cliente|sua conta|seu pedido|sua fatura|boleto|fatura|pendente|pendência|pendencia|bloqueado|bloqueio|bloqueada|regularizar|regularize|cpf|protocolo|intimação|comprovante|nota fiscal|pontos|resgate|resgatar|expiram|expirar|acesse|clique aqui|atualização|
    taxa de|encomenda|alfândega|urgente|su cuenta|estimado cliente|estimado|verificar|haga clic|su paquete|factura|suspendida|bloqueada|premio|votre compte|cher client|chère|vérifier|votre colis|mise à jour|cliquez ici|suspendu|cliquez|remboursement|
    gentile cliente|il tuo account|il suo conto|clicca qui|verifica|pacco|spedizione|geachte klant|uw rekening|uw account|pakket|bezorgen|szanowny kliencie`,
  extort: `i recorded you|recorded you|your webcam|your camera|masturbat|masturbating|masturbation|pleasuring yourself|adult websites|adult sites|infected with|my trojan|trojan|malware on|remote access|your contacts|send the video|compromising|bitcoin wallet|btc wallet|my wallet|
    bitcoin address|i hacked|i have hacked|hacked your|hacker|your operating system|your device|you have 48 hours|you have 50 hours|darknet|dark web|your passwords|your browsing history|intimate|embarrass|reputation`,
  push: `click here|click below|click the link|click on the link|click the button|act now|act fast|order now|order today|buy now|call now|limited time|limited offer|limited quantity|limited supply|offer expires|expires soon|expires today|don't miss|do not miss|hurry|
    only today|today only|while supplies last|last chance|final hours|instant access|satisfaction guaranteed|money back guarantee|money back|100 guaranteed|100 free|absolutely free|completely free|risk-free|no obligation|no cost|no catch|no risk|no strings|
    free trial|free sample|free shipping|free info|free information|toll free|call toll|special offer|special promotion|exclusive offer|great offer|amazing|incredible|once in a lifetime|guaranteed|as seen on|cancel at any time|all new|discover|secret|secrets|
    shocking|revealed|breakthrough|miracle|instantly|urgent|important notice|apply now|visit our web|visit our website|visit us at|learn more here|see it here|see how|watch the video|watch this|free video|presentation|more info here|click to`,
  remove: `to be removed|be removed from|remove me|removed from our|removed from this|removal instructions|remove in the subject|word remove|subject line remove|type remove|opt out|opt-out|stop receiving|no longer wish|do not wish to receive|not wish to receive|
    unsubscribe here|this is not spam|this message is not spam|cannot be considered spam|not be considered spam|bill s 1618|s 1618|section 301|title iii|in compliance with|federal requirements|one time mailing|one time email|one-time mailing|you are receiving this because|
    you received this email because|you are receiving this email|this email was sent to|received this in error|this is an advertisement|this advertisement|advertisement|advertising|promotional message|third party|our affiliates|apologize for any|sorry for any inconvenience|our sincere apologies`,
  trade: `dear sir|dear sir madam|dear sir or madam|dear sirs|good day|greetings|kindly|our factory|we are manufacturer|manufacturer of|we supply|our products|best price|price list|please find attached|attached invoice|purchase order|quotation|proforma|looking forward|
    seo|search engine|first page of google|google ranking|website design|web design|redesign|mobile app|guest post|backlinks|leads|lead generation|marketing services|your website|i visited your|i came across|outsourcing|invoice attached|remittance|swift copy|payment advice|bank details|wire transfer`,
  errand: `are you available|are you free|are you busy|are you in the office|at your desk|in a meeting|quick favor|quick favour|quick task|small task|do me a favor|do me a favour|a favor from you|a favour from you|
    urgent request|can you handle|get this done|gift card|gift cards|itunes cards|steam cards|google play cards|scratch|reimburse you|reimbursed|your cell|your mobile number|your whatsapp|keep it between us|keep this between us|
    keep this confidential|wire transfer|bank details|banking details|our bank account has changed|new iban|new account details|changed our bank|neue bankverbindung|bankverbindung hat sich|neue iban|geschenkkarten|change my bank|new bank account|direct deposit|payroll|process a payment|make a payment|discreet|discretion|surprise`,
  business: `order number|order confirmation|your order|order details|order total|subtotal|shipped|has shipped|out for delivery|delivered|estimated delivery|track your order|track package|tracking|receipt|invoice number|payment received|thank you for your order|thank you for your payment|
    your statement|statement is ready|statement is available|account ending|ending in|autopay|due date|payment due|appointment|reservation|confirmation number|itinerary|check-in|booking|your ticket|tickets|
    view in browser|view online|view this email in|view as a web page|manage preferences|email preferences|update preferences|manage your preferences|privacy policy|terms of use|terms and conditions|all rights reserved|contact us|customer service|gift cards are|exclusions apply|
    free shipping on|new arrivals|shop now|shop all|learn more|sale ends|sign in to|log in to your account|help center|app store|google play|follow us`,
  discussion: `wrote|writes|on behalf of|patch|bug|kernel|compile|source code|function|debian|linux|perl|python|java|server|install|package|version|module|driver|error message|mailing list|list archives|in my opinion|imho|btw|afaik|
    i think|i don't think|i guess|i agree|sounds like|makes sense|thanks for|regards|cheers|signed-off-by|reviewed-by|acked-by|does anyone|anyone know|has anyone|let me know if|posted to|url|article|weblog|by the way`,
} as const;

export type Topic = keyof typeof topics;
export const topicNames = Object.keys(topics) as readonly Topic[];

type Phrase = { readonly rest: Uint32Array; readonly topic: number; readonly id: number };

let byFirst: Map<number, Phrase[]> | undefined;
let phrases = 0;
/** Whether some phrase begins with a word that has these lowest bits: most words begin none, and this look is quicker than one into the map. */
const begins = new Uint8Array(1 << 16);

function compile(): Map<number, Phrase[]> {
  const table = new Map<number, Phrase[]>();
  for (const [topic, name] of topicNames.entries())
    for (const text of topics[name].split("|")) {
      const { words } = readWords(text.trim(), 12);
      if (words.length === 0) continue;
      const list = table.get(words[0]!) ?? [];
      list.push({ rest: words.slice(1), topic, id: phrases++ });
      table.set(words[0]!, list);
      begins[words[0]! & 0xffff] = 1;
    }
  return table;
}

export type Talk = { readonly [topic in Topic]: number };

/** How many different phrases of each topic the texts hold. */
export function talkOf(texts: readonly Uint32Array[]): Talk {
  byFirst ??= compile();
  const seen = new Uint8Array(phrases);
  const counts = new Array<number>(topicNames.length).fill(0);
  for (const words of texts)
    for (let at = 0; at < words.length; at++) {
      if (begins[words[at]! & 0xffff] === 0) continue;
      const candidates = byFirst.get(words[at]!);
      if (candidates === undefined) continue;
      for (const { rest, topic, id } of candidates) {
        if (seen[id] === 1) continue;
        let matched = 0;
        while (matched < rest.length && words[at + 1 + matched] === rest[matched]) matched++;
        if (matched < rest.length) continue;
        seen[id] = 1;
        counts[topic]!++;
      }
    }
  return Object.fromEntries(topicNames.map((name, index) => [name, counts[index]!])) as Talk;
}
