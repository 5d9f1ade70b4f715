import { describe, expect, it } from 'vitest';

import { wholeDocument, wholeFlight } from './flight';

describe("a page's payload", () => {
  const whole = '0:["$","main",null,{"children":["$","p",null,{"title":"a","children":"text"}]}]\n';

  it('is the same however React has cut it', () => {
    const cut =
      '1:["$","p",null,{"title":"$3","children":"$2"}]\n3:"a"\n2:T4,text0:["$","main",null,{"children":"$L1"}]\n';
    expect(wholeFlight(cut)).toBe(wholeFlight(whole));
  });

  it('is the same when a part of it refers to another one', () => {
    const payload = (second: string): string =>
      `1:["$","p",null,{"title":"a"}]\n0:["$","main",null,{"children":["$L1",${second}]}]\n`;
    expect(wholeFlight(payload('"$1:props:title"'))).toBe(wholeFlight(payload('"a"')));
  });

  it('is another one when its content is', () => {
    expect(wholeFlight(whole.replace('"text"', '"other"'))).not.toBe(wholeFlight(whole));
    expect(wholeFlight(`:HL["/a.css","style"]\n${whole}`)).not.toBe(wholeFlight(whole));
  });

  it('is put together from the pieces in its document', () => {
    const script = (text: string): string => `<script>self.__next_f.push(${JSON.stringify([1, text])})</script>`;
    const [first, second] = [whole.slice(0, 20), whole.slice(20)];
    expect(wholeDocument(`<p>a</p>${script(first)}<p>b</p>${script(second)}`)).toBe(
      wholeDocument(`<p>a</p>${script(whole)}<p>b</p>`),
    );
  });

  it('is the same document, whether a part came in time or behind', () => {
    const script = `<script>self.__next_f.push(${JSON.stringify([1, whole])})</script>`;
    const late =
      '<main><!--$?--><template id="B:0"></template><p>Wait</p><!--/$--></main>' +
      '<div hidden id="S:0"><div>here</div></div><script>$RC=function(){};$RC("B:0","S:0")</script>';
    expect(wholeDocument(late + script)).toBe(wholeDocument(`<main><!--$--><div>here</div><!--/$--></main>${script}`));
  });
});
