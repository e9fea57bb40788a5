// The patch language as a grammar in Lark's notation: the service lets a model write nothing else into the
// call of the freeform tool. It is a little narrower than what parsePatch() takes.

/** For `format.definition` of the tool. */
export const patchGrammar = `start: "*** Begin Patch" LF section+ "*** End Patch" LF?

section: add | delete | update
add: "*** Add File: " path LF added_line+
delete: "*** Delete File: " path LF
update: "*** Update File: " path LF move? (lines chunk* | chunk+)

move: "*** Move to: " path LF
chunk: header+ lines
lines: line+ end_of_file?
header: ("@@" | "@@ " /(.+)/) LF
line: (" " | "-" | "+") /(.*)/ LF
added_line: "+" /(.*)/ LF
end_of_file: "*** End of File" LF

path: /(.+)/

%import common.LF
`;
