// pages.mjs FOLDER SCREENSHOTS: the main pages of a built front end. Exit status 1 when anything went wrong.

import { built } from "./ground.mjs";
import { visit } from "./visit.mjs";

const [folder, shots] = process.argv.slice(2);
const outcomes = await visit(built(folder), shots);
const outside = new Set(outcomes.flatMap(({ outside }) => outside));
if (outside.size > 0) console.log(`\nasked of other hosts, and kept here:\n${[...outside].map((one) => `  ${one}`).join("\n")}`);
const failed = outcomes.filter(({ faults }) => faults.length > 0);
for (const { name, faults } of failed) console.error(`\npage ${name} FAILED\n${faults.map((fault) => `  ${fault}`).join("\n")}`);
console.log(`\nscreenshots are in ${shots}`);
console.log(`${outcomes.length - failed.length} passed, ${failed.length} failed`);
process.exit(failed.length > 0 ? 1 : 0);
