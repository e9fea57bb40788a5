// What the model is told of apply_patch: all of the language where nothing else teaches it.

/** For the freeform tool, whose grammar goes along. */
export const freeformDescription =
  "Change files by a patch: add, delete, update and rename, several files at once. All of it is applied, or " +
  "none. The input is the patch itself as plain text, not JSON.";

/** For the function, which has no grammar. */
export const functionDescription = `Change files by a patch: add, delete, update and rename, several files at once. All of it is applied, or none.

A patch begins with the line \`*** Begin Patch\` and ends with the line \`*** End Patch\`. Between them stand one or more sections, each of which starts with one of these lines:

*** Add File: PATH
    A new file. All its lines follow, each with a + in front of it.
*** Delete File: PATH
    Nothing follows.
*** Update File: PATH
    An existing file. \`*** Move to: NEW_PATH\` may be the next line and renames it. Then come the changes.

A change starts with the line \`@@\` and goes on with lines of the file, each with one character in front of it: a space for a line that stays, - for one that goes, + for one that is new. Show about three lines that stay before and after what you change, so that the place can be found. Where these lines occur more than once, name what the place is in behind the @@: \`@@ class Shape\` looks for that line first and takes the next place after it; several @@ lines in a row lead further in, as to a method of a class. A change at the end of a file may end with the line \`*** End of File\`.

Paths are relative to the working directory. Copy the lines that stay and go exactly as they are in the file, white space included.

*** Begin Patch
*** Add File: notes/todo.txt
+buy milk
*** Update File: src/shape.py
*** Move to: src/shapes.py
@@ class Circle:
@@     def area(self):
         radius = self.radius
-        return 3.14 * radius * radius
+        return math.pi * radius ** 2
*** Delete File: src/old_shape.py
*** End Patch`;
