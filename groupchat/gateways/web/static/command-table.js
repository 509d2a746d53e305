/**
 * The commands that people type, from groupchat/wire/plain/words.py.
 * `python -m tests.web.tables` writes this file.
 *
 * @type {import("./commands.js").CommandHelp[]}
 */
export const COMMANDS = [
  {"word": "/help", "arguments": "[COMMAND]", "help": "lists the commands, or explains one", "aliases": ["/h", "/?", "/commands"], "operator": false, "more": []},
  {"word": "/who", "arguments": "", "help": "who is here", "aliases": ["/names", "/users"], "operator": false, "more": []},
  {"word": "/msg", "arguments": "NAME TEXT", "help": "says something to one person only", "aliases": ["/m", "/w", "/whisper", "/tell", "/pm", "/dm"], "operator": false, "more": []},
  {"word": "/me", "arguments": "TEXT", "help": "says what you do: * alice waves", "aliases": ["/action", "/emote"], "operator": false, "more": []},
  {"word": "/name", "arguments": "NEW", "help": "gives you another name", "aliases": ["/nick", "/rename"], "operator": false, "more": []},
  {"word": "/rooms", "arguments": "", "help": "lists the rooms", "aliases": ["/list", "/channels"], "operator": false, "more": []},
  {"word": "/join", "arguments": "ROOM", "help": "leaves this room and enters another", "aliases": ["/j", "/room"], "operator": false, "more": []},
  {"word": "/leave", "arguments": "", "help": "leaves this room for the lobby", "aliases": ["/part"], "operator": false, "more": []},
  {"word": "/topic", "arguments": "[TEXT]", "help": "shows the topic, or sets it", "aliases": [], "operator": false, "more": []},
  {"word": "/history", "arguments": "[COUNT]", "help": "shows the last messages: 100, or COUNT (1000 at most)", "aliases": ["/hist"], "operator": false, "more": []},
  {"word": "/search", "arguments": "[from:NAME] TEXT", "help": "finds messages in this room that contain all words of TEXT", "aliases": ["/find"], "operator": false, "more": ["It shows the newest 20, and says how to look further back.", "Capitals and small letters are the same, and a part of a word is enough."]},
  {"word": "/edit", "arguments": "TEXT", "help": "corrects your last message in this room", "aliases": ["/correct", "/fix"], "operator": false, "more": []},
  {"word": "/remove", "arguments": "", "help": "removes your last message in this room", "aliases": ["/delete", "/redact", "/unsend"], "operator": false, "more": []},
  {"word": "/private", "arguments": "", "help": "makes this room private: yours, and open only to those you invite", "aliases": ["/lock"], "operator": false, "more": []},
  {"word": "/open", "arguments": "[ROOM]", "help": "opens a private room to everyone", "aliases": ["/public", "/unlock"], "operator": false, "more": []},
  {"word": "/invite", "arguments": "NAME", "help": "lets someone into this private room", "aliases": [], "operator": false, "more": []},
  {"word": "/uninvite", "arguments": "NAME", "help": "takes an invitation back", "aliases": ["/disinvite"], "operator": false, "more": []},
  {"word": "/register", "arguments": "PASSWORD", "help": "makes your name your own: from now on it needs the password", "aliases": [], "operator": false, "more": []},
  {"word": "/token", "arguments": "[NAME]", "help": "makes a token with which scripts act as you, or lists yours", "aliases": ["/tokens"], "operator": false, "more": ["A script sends it over HTTP (Authorization: Bearer TOKEN), in place of your password.", "It is shown only once. /revoke NAME ends it."]},
  {"word": "/revoke", "arguments": "NAME", "help": "ends a token", "aliases": ["/untoken"], "operator": false, "more": []},
  {"word": "/quit", "arguments": "", "help": "ends the connection", "aliases": ["/exit", "/q", "/bye", "/logout", "/disconnect"], "operator": false, "more": []},
  {"word": "/kick", "arguments": "NAME [TEXT]", "help": "sends someone out", "aliases": [], "operator": true, "more": ["They can come back. /ban keeps someone out.", "A NAME can be written @NAME: @list and @192.0.2.7 are names, 192.0.2.7 is an address."]},
  {"word": "/ban", "arguments": "NAME|ADDRESS [TIME] [TEXT]", "help": "keeps someone, or a network, out (TIME: 10m, 2h, 7d)", "aliases": [], "operator": true, "more": ["TIME is like 90s, 10m, 2h, 7d, 2w, 6mo (30 days each), 1h30m or 10 min; without one, or with forever, it has no end.", "A number that begins the TEXT is read as a TIME: write a TIME or forever before it.", "A NAME can be written @NAME: @list and @192.0.2.7 are names, 192.0.2.7 is an address.", "An ADDRESS can be a network, 192.0.2.0/24. A ban by address lets operators log in."]},
  {"word": "/unban", "arguments": "NAME|ADDRESS", "help": "lets someone in again", "aliases": [], "operator": true, "more": ["A NAME can be written @NAME: @list and @192.0.2.7 are names, 192.0.2.7 is an address."]},
  {"word": "/bans", "arguments": "", "help": "lists the bans", "aliases": ["/banlist"], "operator": true, "more": []},
  {"word": "/mute", "arguments": "NAME [TIME] [TEXT]", "help": "lets someone only listen", "aliases": [], "operator": true, "more": ["TIME is like 90s, 10m, 2h, 7d, 2w, 6mo (30 days each), 1h30m or 10 min; without one, or with forever, it has no end.", "A number that begins the TEXT is read as a TIME: write a TIME or forever before it.", "A NAME can be written @NAME: @list and @192.0.2.7 are names, 192.0.2.7 is an address."]},
  {"word": "/unmute", "arguments": "NAME", "help": "lets someone speak again", "aliases": [], "operator": true, "more": []},
  {"word": "/mutes", "arguments": "", "help": "lists the mutes", "aliases": ["/mutelist"], "operator": true, "more": []},
  {"word": "/max", "arguments": "N", "help": "sets how many people can be in; without N, shows it", "aliases": [], "operator": true, "more": []},
  {"word": "/close", "arguments": "ROOM", "help": "sends all out of a private room and ends its invitations", "aliases": [], "operator": true, "more": []},
  {"word": "/op", "arguments": "NAME", "help": "makes a registered person an operator", "aliases": [], "operator": true, "more": []},
  {"word": "/deop", "arguments": "NAME", "help": "takes that back", "aliases": [], "operator": true, "more": []},
  {"word": "/say", "arguments": "TEXT", "help": "says something to all, in every room", "aliases": ["/wall", "/announce"], "operator": true, "more": []},
];
