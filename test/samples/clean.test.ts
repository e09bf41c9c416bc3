/** The text-branch sample's own function, on mails like its data. */
import { describe, expect, test } from "vitest";
import { clean } from "../../samples/text-branch/clean.ts";

describe("clean", () => {
  test("takes markup away and keeps what it held", () => {
    expect(clean('<p>Claim your <b>FREE</b> tablet &amp; more at <a href="http://x.example/a?b=1">x.example</a></p>').text).toBe(
      "Claim your FREE tablet & more at x.example",
    );
  });

  test("drops script and style with their content", () => {
    expect(clean("<style>p { color: red }</style>Hello<script>go()</script> there").text).toBe("Hello there");
  });

  test("a comparison is not markup", () => {
    expect(clean("if 3 < 4 and 5 > 4").text).toBe("if 3 < 4 and 5 > 4");
  });

  test("drops quoted lines, the signature and addresses", () => {
    expect(clean("Fine by me.\n\n> shall we\n> meet\nSee https://a.example/x or mail me@a.example\n-- \nAda\nRed Lamp").text).toBe(
      "Fine by me. See or mail",
    );
  });

  test("evens out white space, repeated marks and composed letters", () => {
    expect(clean("So\t\tmuch!!!\r\n  Gru\u0308ße").text).toBe("So much! Gr\u00fcße");
  });

  test.each([
    ["en", "The parcel came back and we have to send it again"],
    ["de", "Das Paket ist wieder da und wir müssen es noch einmal schicken"],
    ["fr", "Le colis est dans la grande salle et je vous le donne"],
    ["und", "12345 -- ok"],
    ["und", ""],
  ])("guesses %s", (lang, text) => {
    expect(clean(text).lang).toBe(lang);
  });
});
