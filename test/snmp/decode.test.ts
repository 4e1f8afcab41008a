import t from "tap";
import { tag } from "../../appliance/snmp/ber.ts";
import { cellOf, leadingNumber, octetsText, parseMac, printable } from "../../appliance/snmp/decode.ts";

t.test("octets become safe text", async (t) => {
  const cases: [string, Buffer, string][] = [
    ["UTF-8", Buffer.from("Büro 2"), "Büro 2"],
    ["Latin-1", Buffer.from([0x42, 0xfc, 0x72, 0x6f]), "Büro"],
    ["control characters go", Buffer.from("a\u0007b\u001b[31mc"), "ab[31mc"],
    ["line ends become spaces", Buffer.from("a\r\nb\tc"), "a b c"],
    ["a closing NUL goes", Buffer.from("name\0"), "name"],
    ["direction marks go", Buffer.from("a\u202eb"), "ab"],
    [
      "a script stays text, to be escaped where it is shown",
      Buffer.from("<script>1</script>"),
      "<script>1</script>",
    ],
  ];
  for (const [name, bytes, expected] of cases) t.equal(printable(bytes), expected, name);
  t.equal([...printable(Buffer.from("ä".repeat(5_000)))].length, 200, "long texts are cut at 200 characters");
  t.equal(printable(Buffer.from([0xff, 0xfe, 0xfd])).length, 3, "invalid UTF-8 does not throw");
});

t.test("octets have the form that the profile asks for", async (t) => {
  const mac = Buffer.from([0, 0x1b, 0x2c, 1, 2, 3]);
  t.equal(octetsText(mac, "mac"), "00:1b:2c:01:02:03");
  t.equal(octetsText(mac), "001b2c010203", "what is no text comes as hexadecimal");
  t.equal(octetsText(Buffer.from("0:1b:2c:1:2:3"), "mac"), "00:1b:2c:01:02:03", "agents that spell it");
  t.equal(octetsText(Buffer.from([10, 0, 0, 1]), "ip"), "10.0.0.1");
  t.equal(
    octetsText(Buffer.from([7, 234, 3, 2, 9, 5, 0, 0, 0x2b, 1, 0]), "date"),
    "2026-03-02T09:05:00+01:00",
  );
  t.equal(octetsText(Buffer.from([0, 0, 0, 0, 0, 0, 0, 0]), "date"), undefined);
  t.equal(octetsText(Buffer.from([0x80, 0x01]), "bits"), "0 15");
  t.equal(parseMac("not a mac"), undefined);
});

t.test("opaque floats are numbers, anything else opaque is nothing", async (t) => {
  const opaque = (bytes: number[]) => cellOf({ oid: "1.3", tag: tag.opaque, value: Uint8Array.from(bytes) });
  t.equal(opaque([0x9f, 0x78, 4, 0x41, 0xb8, 0xcc, 0xcd]), 23.1);
  t.equal(opaque([0x9f, 0x78, 4, 0x7f, 0xc0, 0, 0]), undefined, "NaN");
  t.equal(opaque([0x9f, 0x78, 4, 0x7f, 0x80, 0, 0]), undefined, "infinity");
  t.equal(opaque([1, 2, 3]), undefined);
});

t.test("numbers at the beginning of a text", async (t) => {
  const cases: [string, number | undefined][] = [
    ["23.5 C", 23.5],
    ["+12", 12],
    ["4,5 A", 4.5],
    ["-3", -3],
    ["C 23", undefined],
    ["", undefined],
    ["10.0.0.1", undefined],
    ["12:30", undefined],
  ];
  for (const [text, expected] of cases) t.equal(leadingNumber(text), expected, JSON.stringify(text));
});
