import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const LIB = resolve(import.meta.dirname, '../../lib');

/** A member that users of any of jsii's languages see. */
interface Member {
  readonly name: string;
  readonly doc: string;
  readonly type: string;
  readonly isOptional: boolean;
}

const members = readdirSync(LIB)
  .filter((file) => file.startsWith('nextjs-'))
  .flatMap((file) => publicMembers(join(LIB, file)));

function publicMembers(file: string): Member[] {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.ESNext, true);
  return source.statements.filter(isExported).flatMap((statement): Member[] => {
    if (
      !ts.isInterfaceDeclaration(statement) &&
      !ts.isClassDeclaration(statement) &&
      !ts.isEnumDeclaration(statement)
    ) {
      return [];
    }
    const owner = statement.name?.text ?? '';
    const parts: readonly ts.Node[] = statement.members;
    return [describeNode(statement, owner), ...parts.filter(isPublic).map((part) => describeNode(part, owner))];
  });
}

function isExported(statement: ts.Statement): boolean {
  return ts.canHaveModifiers(statement) && hasModifier(statement, ts.SyntaxKind.ExportKeyword);
}

/** jsii leaves out what is internal, and a constructor is described by its class and its properties. */
function isPublic(part: ts.Node): boolean {
  return (
    !hasModifier(part, ts.SyntaxKind.PrivateKeyword) &&
    !ts.isConstructorDeclaration(part) &&
    !nameOf(part).startsWith('_')
  );
}

function hasModifier(node: ts.Node, kind: ts.SyntaxKind): boolean {
  return ts.canHaveModifiers(node) && (ts.getModifiers(node) ?? []).some((modifier) => modifier.kind === kind);
}

function nameOf(node: ts.Node): string {
  const name = (node as ts.NamedDeclaration).name;
  return name === undefined ? '' : name.getText();
}

function describeNode(node: ts.Node, owner: string): Member {
  const docs = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc);
  const { type, questionToken } = node as ts.PropertySignature;
  const name = nameOf(node);
  return {
    name: name === owner ? owner : `${owner}.${name}`,
    doc: docs.map((doc) => doc.getText()).join('\n'),
    type: type?.getText() ?? '',
    isOptional: questionToken !== undefined,
  };
}

const namesOf = (found: readonly Member[]) => found.map(({ name }) => name);

describe('every public member of the constructs', () => {
  it('is found by these tests', () => {
    expect(members.length).toBeGreaterThan(150);
    expect(namesOf(members)).toEqual(
      expect.arrayContaining(['NextjsSite.url', 'NextjsEgress.NAT', 'NextjsCacheProps']),
    );
  });

  it('is described', () => {
    expect(namesOf(members.filter(({ doc }) => !/[a-z]/.test(doc.replace(/@\w+.*/g, ''))))).toEqual([]);
  });

  it('says what it is where it is left out', () => {
    expect(namesOf(members.filter(({ isOptional, doc }) => isOptional && !/@default \S/.test(doc)))).toEqual([]);
    expect(namesOf(members.filter(({ doc }) => /@default (- )?undefined/.test(doc)))).toEqual([]);
  });

  it('says its range where it is a number or a time that is given', () => {
    const measured = members.filter(({ type, isOptional }) => isOptional && /^(number|Duration)$/.test(type));
    expect(measured.length).toBeGreaterThan(10);
    expect(namesOf(measured.filter(({ doc }) => !/\d/.test(doc.replace(/@default.*/g, ''))))).toEqual([]);
  });

  it('is of a type that all of jsii’s languages have', () => {
    const isUnion = ({ type }: Member) => /['"]\w*['"]|\|/.test(type);
    expect(namesOf(members.filter(isUnion))).toEqual([]);
  });
});
