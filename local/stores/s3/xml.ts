/** Content of an element: text, elements by name (a list repeats the element), or nothing, which leaves the element out. */
export type XmlContent = string | number | boolean | undefined | XmlElements;
export interface XmlElements {
  readonly [name: string]: XmlContent | readonly XmlContent[];
}

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';

/** Writes a document with the given root element; of S3, unless another namespace is given. */
export function xmlDocument(root: string, content: XmlElements, namespace = NAMESPACE): string {
  const attribute = root === 'Error' ? '' : ` xmlns="${namespace}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root}${attribute}>${elements(content)}</${root}>`;
}

function elements(content: XmlElements): string {
  return Object.entries(content)
    .flatMap(([name, value]) => (isList(value) ? value : [value]).map((item) => element(name, item)))
    .join('');
}

function element(name: string, content: XmlContent): string {
  if (content === undefined) return '';
  return `<${name}>${typeof content === 'object' ? elements(content) : escape(String(content))}</${name}>`;
}

function isList(value: XmlContent | readonly XmlContent[]): value is readonly XmlContent[] {
  return Array.isArray(value);
}

/** Control characters that XML 1.0 can only carry as references, which is how S3 sends them. */
// eslint-disable-next-line no-control-regex
const ESCAPED = /[&<>"'\x00-\x1f]/g;

function escape(text: string): string {
  return text.replace(ESCAPED, (character) => `&#${String(character.charCodeAt(0))};`);
}
