/** docs/pictures.md: every page of the console as it looks, by the path of its route. */
import { DARK_PICTURES, MORE_PICTURES, PICTURES } from "../test/support/console-tour.ts";

const HEAD = `# Every page of the console

Wide, at 1280 pixels, and narrow, at 390; the main ones in the dark as well. The upper part of each: a long list goes on below.
What the pages are for says [console.md](console.md). \`npm run screenshots\` takes the pictures and writes this page.
`;

/** Files of one page's pictures, without their folder. */
export function pictureFiles(name: string): readonly string[] {
  const looks = ["", "-narrow", ...(DARK_PICTURES.includes(name) ? ["-dark"] : [])];
  return looks.map((look) => `${name}${look}.webp`);
}

/** All there should be in docs/images. */
export function allPictures(): readonly string[] {
  return [...Object.values(PICTURES), ...MORE_PICTURES].flatMap(pictureFiles);
}

export function picturesPage(): string {
  const routes = Object.entries(PICTURES).map(([path, name]) => part(`\`${path}\``, name));
  const more = MORE_PICTURES.map((name) => part(sentenceOf(name), name));
  return [HEAD, ...routes, ...more].join("\n");
}

function part(title: string, name: string): string {
  const [wide = "", narrow = "", dark] = pictureFiles(name);
  const images = [
    image(wide, `${name}, wide`, 640),
    image(narrow, `${name}, narrow`, 195),
    ...(dark === undefined ? [] : [image(dark, `${name}, dark`, 640)]),
  ];
  return `## ${title}\n\n${images.join("\n")}\n`;
}

function image(file: string, alt: string, width: number): string {
  return `<img src="images/${file}" alt="${alt}" width="${width}" valign="top">`;
}

function sentenceOf(name: string): string {
  const words = name.replaceAll("-", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
