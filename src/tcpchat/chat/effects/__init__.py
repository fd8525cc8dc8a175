"""What a recorded fact changes, and who hears of it.

Rule 1: only the functions of this folder change the state. An effect is total: whatever happened since the rule
decided, it does something sensible, or nothing.
"""

from tcpchat.chat.effects import bans, people, registered, rooms, talk
from tcpchat.chat.effects.effect import Table

EFFECTS: Table = people.EFFECTS | rooms.EFFECTS | talk.EFFECTS | bans.EFFECTS | registered.EFFECTS
