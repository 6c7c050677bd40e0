/** Senders whose pictures are always shown: the reader said so, on this device. */

const key = "angarium.pictures";
const maxSenders = 500;

function senders(): readonly string[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(key) ?? "[]");
    return Array.isArray(found) ? found.filter((one) => typeof one === "string") : [];
  } catch {
    return [];
  }
}

export const picturesAlways = (address: string): boolean => senders().includes(address.toLowerCase());

export function showPicturesAlways(address: string): void {
  const one = address.toLowerCase();
  localStorage.setItem(key, JSON.stringify([...senders().filter((other) => other !== one), one].slice(-maxSenders)));
}
