/**
 * Names that swindlers borrow most, and the domains that may use them. A domain that itself contains the name counts as its own only
 * where it is listed here; subsidiaries and mailers of the brand are listed as far as they write to customers.
 */
import { domainOf } from "../links.ts";
import { seenDomain } from "../names.ts";

type Brand = { readonly name: string; readonly words: RegExp; readonly domains: ReadonlySet<string> };

/** name (a pattern over lower-case text without accents): registrable domains. */
const table: readonly (readonly [pattern: string, domains: string])[] = [
  ["paypal", "paypal.com paypal.de paypal.co.uk paypal-communication.com paypal.me"],
  [
    "amazon",
    "amazon.com amazon.de amazon.co.uk amazon.fr amazon.it amazon.es amazon.co.jp amazon.com.br amazon.ca amazon.in amazonses.com amazonaws.com aboutamazon.com amazonbusiness.com audible.com",
  ],
  ["apple|icloud|itunes", "apple.com icloud.com itunes.com me.com apple applecard.apple"],
  [
    "microsoft|office ?365|outlook team|onedrive|sharepoint|windows defender",
    "microsoft.com office.com live.com outlook.com microsoftonline.com office365.com sharepointonline.com hotmail.com onmicrosoft.com windows.com skype.com xbox.com linkedin.com azure.com github.com",
  ],
  ["google|gmail|youtube", "google.com gmail.com youtube.com googlemail.com google.de google.co.uk android.com"],
  [
    "facebook|instagram|whatsapp|meta for business",
    "facebook.com facebookmail.com instagram.com whatsapp.com meta.com fb.com metamail.com",
  ],
  ["netflix", "netflix.com"],
  ["spotify", "spotify.com"],
  ["disney ?\\+|disney plus", "disneyplus.com disney.com go.com d23.com disneyonline.com"],
  ["ebay", "ebay.com ebay.de ebay.co.uk ebay.fr ebay.it ebay.es"],
  ["linkedin", "linkedin.com"],
  ["dropbox", "dropbox.com dropboxmail.com"],
  ["docusign", "docusign.com docusign.net docusign.eu"],
  ["adobe", "adobe.com adobesign.com echosign.com"],
  ["zoom", "zoom.us zoom.com"],
  ["dhl", "dhl.com dhl.de dpdhl.com dhl-news.com"],
  ["fedex", "fedex.com"],
  ["\\bups\\b|united parcel", "ups.com upsemail.com"],
  ["usps|u\\.?s\\.? postal", "usps.com usps.gov"],
  ["royal mail", "royalmail.com"],
  ["\\bdpd\\b", "dpd.com dpd.de dpd.co.uk dpd.fr"],
  ["hermes paket|evri", "myhermes.de evri.com"],
  ["correios", "correios.com.br"],
  ["deutsche post", "deutschepost.de dhl.de"],
  ["la poste|colissimo|chronopost", "laposte.fr chronopost.fr laposte.net"],
  ["postbank", "postbank.de"],
  ["sparkasse", "sparkasse.de dsgv.de"],
  ["volksbank|raiffeisen", "volksbank.de vr.de raiffeisen.ch raiffeisen.at"],
  ["commerzbank", "commerzbank.de commerzbank.com"],
  ["deutsche bank", "deutsche-bank.de db.com"],
  ["comdirect", "comdirect.de"],
  ["\\bn26\\b", "n26.com"],
  ["\\bing(?:-| )?diba\\b", "ing.de ing-diba.de"],
  ["\\bdkb\\b", "dkb.de"],
  ["bradesco", "bradesco.com.br"],
  ["itau|banco itau", "itau.com.br"],
  ["santander", "santander.com santander.com.br santander.co.uk santander.es"],
  ["nubank", "nubank.com.br"],
  ["caixa economica", "caixa.gov.br"],
  ["banco do brasil", "bb.com.br"],
  ["serasa", "serasaexperian.com.br serasa.com.br"],
  ["livelo", "livelo.com.br"],
  ["bbva", "bbva.com bbva.es bbva.mx"],
  ["chase(?: bank)?\\b", "chase.com jpmorgan.com jpmchase.com"],
  ["bank of america", "bankofamerica.com bofa.com"],
  ["wells ?fargo", "wellsfargo.com"],
  ["citi(?:bank|group)", "citi.com citibank.com"],
  ["capital one", "capitalone.com"],
  ["american express|amex", "americanexpress.com aexp.com"],
  ["master ?card", "mastercard.com"],
  ["\\bvisa\\b", "visa.com"],
  ["hsbc", "hsbc.com hsbc.co.uk"],
  ["barclays", "barclays.co.uk barclays.com"],
  ["lloyds", "lloydsbank.com lloydsbank.co.uk"],
  ["natwest", "natwest.com"],
  ["credit agricole", "credit-agricole.fr"],
  ["bnp paribas", "bnpparibas.com bnpparibas.fr"],
  ["intesa sanpaolo", "intesasanpaolo.com"],
  ["unicredit", "unicredit.it unicredit.eu"],
  ["fidelity", "fidelity.com"],
  ["schwab", "schwab.com"],
  ["coinbase", "coinbase.com"],
  ["binance", "binance.com"],
  ["kraken", "kraken.com"],
  ["meta ?mask", "metamask.io consensys.net consensys.io"],
  ["trust ?wallet", "trustwallet.com"],
  ["ledger", "ledger.com"],
  ["trezor", "trezor.io"],
  ["blockchain\\.com", "blockchain.com"],
  ["uniswap", "uniswap.org"],
  ["opensea", "opensea.io"],
  ["western union", "westernunion.com"],
  ["money ?gram", "moneygram.com"],
  ["norton|lifelock", "norton.com nortonlifelock.com gendigital.com"],
  ["mcafee", "mcafee.com"],
  ["geek squad|best ?buy", "geeksquad.com bestbuy.com"],
  ["wal-?mart", "walmart.com"],
  ["costco", "costco.com"],
  ["home depot", "homedepot.com"],
  ["lowe'?s", "lowes.com"],
  ["harbor freight", "harborfreight.com"],
  ["target (?:rewards?|gift)", "target.com"],
  ["\\bcvs\\b", "cvs.com"],
  ["walgreens", "walgreens.com"],
  ["kroger", "kroger.com"],
  ["aldi", "aldi.us aldi.de aldi-sued.de aldi-nord.de"],
  ["lidl", "lidl.de lidl.com lidl.co.uk"],
  ["dick'?s(?: sporting)?", "dickssportinggoods.com"],
  ["bass pro", "basspro.com"],
  ["tractor supply", "tractorsupply.com"],
  ["ace hardware", "acehardware.com"],
  ["state farm", "statefarm.com"],
  ["medicare", "medicare.gov cms.gov"],
  ["blue ?cross", "bcbs.com"],
  ["\\baarp\\b", "aarp.org"],
  ["\\baaa\\b|triple-?a", "aaa.com aaa.org"],
  ["\\birs\\b|internal revenue", "irs.gov"],
  ["social security adm", "ssa.gov"],
  ["hmrc", "hmrc.gov.uk"],
  ["at ?& ?t\\b", "att.com att-mail.com att.net"],
  ["verizon", "verizon.com verizonwireless.com"],
  ["t-?mobile", "t-mobile.com"],
  ["xfinity|comcast", "comcast.net comcast.com xfinity.com"],
  ["spectrum (?:mail|internet)", "spectrum.net charter.com"],
  ["vodafone", "vodafone.com vodafone.de vodafone.co.uk"],
  ["telekom", "telekom.de t-online.de telekom.com"],
  ["1 ?& ?1|ionos", "1und1.de ionos.de ionos.com"],
  ["strato", "strato.de"],
  ["ovh(?:cloud)?", "ovh.com ovhcloud.com ovh.net"],
  ["godaddy", "godaddy.com"],
  ["cpanel", "cpanel.net"],
  ["proton(?: ?mail)?(?:\\.me)?", "proton.me protonmail.com protonmail.ch proton.ch"],
  ["yahoo", "yahoo.com yahoo-inc.com yahooinc.com yahoo.co.jp yahoo.de yahoo.fr"],
  ["steam", "steampowered.com valvesoftware.com"],
  ["playstation", "playstation.com sony.com"],
  ["tesla", "tesla.com"],
  ["starlink", "starlink.com spacex.com"],
  ["yeti", "yeti.com"],
  ["dewalt|stanley tools", "dewalt.com sbdinc.com"],
  ["makita", "makita.com makitatools.com makita.de"],
  ["shein", "shein.com sheinemail.com"],
  ["temu", "temu.com temuemail.com"],
  ["aliexpress|alibaba", "aliexpress.com alibaba.com"],
  ["marriott", "marriott.com"],
  ["booking\\.com", "booking.com"],
  ["airbnb", "airbnb.com"],
  ["southwest airlines", "southwest.com"],
  ["delta air", "delta.com"],
  ["united airlines", "united.com"],
  ["starbucks", "starbucks.com"],
  ["sam'?s club", "samsclub.com"],
  ["kohl'?s", "kohls.com"],
  ["macy'?s", "macys.com"],
  ["sephora", "sephora.com"],
  ["trader joe'?s?", "traderjoes.com"],
  ["hobby lobby", "hobbylobby.com"],
  ["northern tool", "northerntool.com"],
  ["car ?shield", "carshield.com"],
  ["liberty mutual", "libertymutual.com"],
  ["geico", "geico.com"],
  ["stellar(?:\\.org| development| lumens)", "stellar.org"],
  ["ripple(?:labs| team|x| xrp)?", "ripple.com xrpl.org"],
  ["\\bftx\\b", "ftx.com"],
  ["lido(?: finance| dao)?", "lido.fi"],
  ["github", "github.com"],
  [
    "mercado ?(?:pago|livre|libre)",
    "mercadopago.com mercadopago.com.br mercadolivre.com mercadolivre.com.br mercadolibre.com",
  ],
  ["omaha steaks", "omahasteaks.com"],
  ["ana(?:マイレージ| mileage)", "ana.co.jp"],
  ["三井住友|smbc", "smbc.co.jp smbc-card.com"],
  ["楽天|rakuten", "rakuten.co.jp rakuten.com rakuten-card.co.jp"],
];

export const brands: readonly Brand[] = table.map(([pattern, domains]) => ({
  name: pattern
    .split("|")[0]!
    .replace(/[^\p{L}\d& ]/gu, "")
    .replace(/^b(?=[a-z].*b$)|b$/g, ""),
  words: new RegExp(`(?:^|[^\\p{L}\\d])(?:${pattern})(?![\\p{L}\\d])`, "u"),
  domains: new Set(domains.split(" ")),
}));

const anyBrand = new RegExp(table.map(([pattern]) => pattern).join("|"), "u");

/** The brand that a text (a display name, lower case) claims, if any. */
export function brandIn(text: string): Brand | undefined {
  if (!anyBrand.test(text)) return undefined;
  for (const brand of brands) if (brand.words.test(text)) return brand;
  return undefined;
}

export const owns = (brand: Brand, host: string): boolean => {
  const domain = domainOf(host);
  if (brand.domains.has(domain)) return true;
  // Brands with a top-level domain of their own: ".apple", ".google".
  return brand.domains.has(domain.slice(domain.lastIndexOf(".") + 1));
};

const brandDomains = new Set(brands.flatMap(({ domains }) => [...domains]));

/** Whether a registrable domain is one of those that well-known names write from. */
export const isBrandDomain = (domain: string): boolean => brandDomains.has(domain);

/** What imitations show: domains as they are and with a hyphen for their dot, and first labels that letters can be mistaken in. */
const shown = new Map<string, Brand>();
const hyphened: [text: string, brand: Brand][] = [];
const mistakable = new Map<string, Brand>();
for (const brand of brands)
  for (const own of brand.domains) {
    const dot = own.indexOf(".");
    if (own.length < 6 || dot < 0) continue;
    if (!shown.has(own)) shown.set(own, brand);
    hyphened.push([own.replace(".", "-"), brand]);
    const label = own.slice(0, dot);
    if (label.length >= 5 && !mistakable.has(label)) mistakable.set(label, brand);
  }
/** "amazon.com" and "amazon.co.uk". */
const mostLabels = 3;

/** A host that shows a brand's domain to the eye but belongs to somebody else: "paypal.com.evil.example", "paypa1.com". */
export function imitates(host: string): Brand | undefined {
  const domain = domainOf(host);
  if (isBrandDomain(domain) || isBrandDomain(domain.slice(domain.lastIndexOf(".") + 1))) return undefined;
  const labels = host.split(".");
  // Whose registrable domain itself begins so has the name in another country: "yahoo.com.au".
  const own = labels.length - domain.split(".").length;
  for (let from = 0; from < own; from++)
    for (let to = from + 2; to < labels.length && to - from <= mostLabels; to++) {
      const brand = shown.get(labels.slice(from, to).join("."));
      if (brand !== undefined) return brand;
    }
  if (host.includes("-")) for (const [text, brand] of hyphened) if (host.includes(text)) return brand;
  const first = domain.split(".")[0] ?? "";
  const plain = seenDomain(first);
  return plain === first ? undefined : mistakable.get(plain);
}
