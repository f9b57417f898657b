"""White space as ECMAScript has it: Python's str.strip() and \\s differ in both directions."""

from typing import Final

# ECMA-262 WhiteSpace and LineTerminator: U+FEFF among them, U+0085 and U+001C to U+001F not.
WHITE_SPACE: Final = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
