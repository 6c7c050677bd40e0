/** How far countries lie from each other, from border to border: offline, and rather too near than too far. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { iso31661Alpha2ToNumeric as numericOf } from "iso-3166/1-a2-to-1-n.js";
import { feature } from "topojson-client";

const data = "world-atlas/countries-50m.json";
const earthKm = 6371;
/** Of a country so many points of its borders are looked at. */
const maxPoints = 400;
/** Between two of them a border comes nearer by so much at most. */
const marginKm = 200;

type World = Parameters<typeof feature>[0];
/** x, y, z of each point, on a ball of radius 1. */
type Border = Float64Array;

let borders: ReadonlyMap<string, Border> | undefined;
/** Every pair of countries, once it has been asked for: some thirty thousand at most. */
const known = new Map<string, number>();

/** Kilometres that somebody must travel between two countries (ISO 3166-1, two capital letters); undefined where one of them is not on the map. */
export function kmBetween(one: string, other: string): number | undefined {
  if (one === other) return 0;
  borders ??= readBorders();
  const pair = one < other ? `${one} ${other}` : `${other} ${one}`;
  const found = known.get(pair);
  if (found !== undefined) return found;
  const [from, to] = [borders.get(numericOf[one] ?? ""), borders.get(numericOf[other] ?? "")];
  if (from === undefined || to === undefined) return undefined;
  const km = Math.max(0, Math.floor(earthKm * Math.acos(Math.min(1, nearest(from, to))) - marginKm));
  known.set(pair, km);
  return km;
}

/** Cosine of the angle between the two points that lie nearest to each other. */
function nearest(from: Border, to: Border): number {
  let most = -1;
  for (let a = 0; a < from.length; a += 3)
    for (let b = 0; b < to.length; b += 3)
      most = Math.max(most, from[a]! * to[b]! + from[a + 1]! * to[b + 1]! + from[a + 2]! * to[b + 2]!);
  return most;
}

/** By the number of the country; some have lands of their own on the map. */
function readBorders(): ReadonlyMap<string, Border> {
  const world = JSON.parse(readFileSync(createRequire(import.meta.url).resolve(data), "utf8")) as World;
  const found = feature(world, world.objects["countries"]!);
  const lands = found.type === "FeatureCollection" ? found.features : [found];
  const points = Map.groupBy(lands, ({ id }) => String(id));
  return new Map([...points].map(([id, all]) => [id, borderOf(all.flatMap(({ geometry }) => pointsOf(geometry)))]));
}

type Geometry = Extract<ReturnType<typeof feature>, { readonly geometry: unknown }>["geometry"];
type Point = readonly number[];

const pointsOf = (geometry: Geometry): readonly Point[] =>
  geometry.type === "Polygon"
    ? geometry.coordinates.flat()
    : geometry.type === "MultiPolygon"
      ? geometry.coordinates.flat(2)
      : [];

function borderOf(points: readonly Point[]): Border {
  const step = Math.max(1, points.length / maxPoints);
  const border: number[] = [];
  for (let at = 0; at < points.length; at += step) {
    const [east = 0, north = 0] = points[Math.floor(at)]!.map((degrees) => (degrees * Math.PI) / 180);
    border.push(Math.cos(north) * Math.cos(east), Math.cos(north) * Math.sin(east), Math.sin(north));
  }
  return Float64Array.from(border);
}
