-- The first shape of the ledger in PostgreSQL. A later one is a file of its own that leads from the one before it.
-- A function whose arguments or answer change gets a new number: nodes of two versions work side by side.

CREATE TABLE version (number integer NOT NULL);
INSERT INTO version VALUES (1);

-- The nodes that take part. One whose row is gone may store nothing any more.
CREATE TABLE nodes (
    no    integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token text NOT NULL,
    name  text NOT NULL,
    beat  bigint NOT NULL DEFAULT 0,               -- goes up as long as the node lives
    ready boolean NOT NULL DEFAULT false,          -- whether it has the state of the others
    since timestamptz NOT NULL DEFAULT now()
);

-- The log of everything, in the order in which all nodes take it. No number is left out.
CREATE TABLE bundles (
    seq      bigint PRIMARY KEY,
    node     integer NOT NULL,
    batch    bigint NOT NULL,                      -- the node's own number: asked again, it is answered again
    entries  bytea,                                -- NULL: no other node needs them
    verdicts text NOT NULL,
    at       timestamptz NOT NULL DEFAULT now(),
    UNIQUE (node, batch)
);

-- The state of a node once it had applied a bundle, for a node that joins.
CREATE TABLE snapshots (
    seq   bigint PRIMARY KEY,
    state bytea NOT NULL
);

-- The names of the log, the last one being its present one: it changes where the log may be another than it was.
CREATE TABLE epochs (
    no       integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token    text COLLATE "C" NOT NULL UNIQUE,
    engine   text NOT NULL                         -- system identifier and timeline
);

CREATE TABLE rooms (
    no       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name     text COLLATE "C" NOT NULL UNIQUE,
    base     bigint NOT NULL DEFAULT 0,            -- the newest id of those that were deleted
    first    bigint NOT NULL DEFAULT 1,            -- the oldest id kept
    aged     bigint NOT NULL DEFAULT 0,            -- the time of the newest message that was let go for its age
    epoch    integer NOT NULL DEFAULT 0,           -- the last one in which something was said
    topic    text NOT NULL DEFAULT '',
    topic_by text NOT NULL DEFAULT '',
    owner    text COLLATE "C" NOT NULL DEFAULT '', -- the id of an account
    private  boolean NOT NULL DEFAULT false,
    invited  text[] COLLATE "C" NOT NULL DEFAULT '{}'
);

-- The newest id of a room when the first message of an epoch came: so far reached all epochs before it.
CREATE TABLE epoch_starts (
    room  bigint NOT NULL,
    epoch integer NOT NULL,
    head  bigint NOT NULL,
    PRIMARY KEY (room, epoch)
);

CREATE TABLE messages (
    room     bigint NOT NULL,
    id       bigint NOT NULL,
    at       bigint NOT NULL,                      -- milliseconds since 1970
    n        bigint,                               -- the client's count in the room
    digest   bigint,                               -- of text and act, where there is an n
    received bigint,                               -- when it was received, where `at` does not tell
    replaces bigint,
    redacts  bigint,
    act      boolean NOT NULL,
    redacted boolean NOT NULL DEFAULT false,
    sender   text COLLATE "C" NOT NULL,
    account  text COLLATE "C" NOT NULL,            -- its author; '': the client is
    client   bytea NOT NULL,
    text     text COLLATE "C" NOT NULL,
    PRIMARY KEY (room, id)
);
CREATE UNIQUE INDEX messages_by_n ON messages (room, client, n) WHERE n IS NOT NULL;
CREATE INDEX messages_by_target ON messages (room, replaces) WHERE replaces IS NOT NULL;

-- The facts about messages that are still needed once they are deleted.
CREATE TABLE digests (
    room     bigint NOT NULL,
    client   bytea NOT NULL,
    n        bigint NOT NULL,
    id       bigint NOT NULL,
    digest   bigint,
    replaces bigint,
    redacts  bigint,
    at       bigint NOT NULL,
    PRIMARY KEY (room, client, n)
);

-- The id up to which an account, or the client of a guest, has read in a room.
CREATE TABLE marks (
    account text COLLATE "C" NOT NULL,
    client  bytea NOT NULL,
    room    bigint NOT NULL,
    id      bigint NOT NULL,
    at      bigint NOT NULL,                       -- milliseconds since 1970
    PRIMARY KEY (account, client, room)
);

CREATE TABLE direct_rooms (
    account text COLLATE "C" NOT NULL,
    room    bigint NOT NULL,
    PRIMARY KEY (account, room)
);

-- Accounts: the registered names, with all that is theirs; bans and mutes; and who did what.
CREATE TABLE accounts (
    key      text COLLATE "C" PRIMARY KEY,         -- the name, as names are compared
    name     text COLLATE "C" NOT NULL,            -- as it was registered
    operator boolean NOT NULL,
    password text NOT NULL,                        -- an argon2id hash (RFC 9106); '' where another keeps the password
    id       text COLLATE "C" NOT NULL UNIQUE      -- no later account of the same name has it
);
CREATE TABLE known_clients (
    account  text COLLATE "C" NOT NULL REFERENCES accounts ON DELETE CASCADE,
    client   bytea NOT NULL,                       -- the digest of a client secret that logs in without a password
    position integer NOT NULL,                     -- the newest last
    PRIMARY KEY (account, client)
);
CREATE TABLE tokens (
    account text COLLATE "C" NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name    text COLLATE "C" NOT NULL,             -- by which its owner knows it, in lower case
    digest  bytea NOT NULL UNIQUE,                 -- of the secret
    made    bigint NOT NULL,                       -- milliseconds since 1970
    PRIMARY KEY (account, name)
);
CREATE TABLE restrictions (
    kind   text COLLATE "C" NOT NULL,              -- ban or mute
    target text COLLATE "C" NOT NULL,              -- the key of a name, or a network
    by     text NOT NULL,
    client bytea NOT NULL,
    until  bigint,                                 -- milliseconds since 1970
    text   text NOT NULL,
    PRIMARY KEY (kind, target)
);
CREATE TABLE audit_log (                           -- only ever appended
    no     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at     bigint NOT NULL,
    by     text NOT NULL,
    verb   text NOT NULL,
    target text NOT NULL,
    until  bigint,
    text   text NOT NULL
);
-- The number of changes so far, by which a node notices those of others.
CREATE TABLE changes (number bigint NOT NULL);
INSERT INTO changes VALUES (0);

-- Files that all nodes share, by name: the certificate with its key.
CREATE TABLE files (
    name    text PRIMARY KEY,
    content bytea NOT NULL
);

-- An entry as a node asks for it; each kind has some of these fields.
CREATE TYPE given AS (
    room text, sender text, text text, at bigint, act boolean, client text, n bigint, account text, digest bigint,
    received bigint, refused boolean, replaces bigint, redacts bigint, operator boolean, within bigint,
    epoch text, after bigint, id bigint, wanted boolean, members text[], asker text
);

-- A room as it stands now, but for what is asked of it in this very statement.
CREATE TYPE standing AS (
    no bigint, head bigint, first bigint, at bigint, started boolean, topic text, topic_by text,
    owner text, private boolean, invited text[]
);

CREATE FUNCTION standing_v1(wanted text, keep bigint, now_epoch integer) RETURNS standing LANGUAGE plpgsql STABLE AS $$
DECLARE
    found standing;
BEGIN
    SELECT r.no, coalesce(m.id, r.base), greatest(r.first, coalesce(m.id, r.base) + 1 - keep),
        coalesce(m.at, r.aged), r.epoch = now_epoch, r.topic, r.topic_by, r.owner, r.private, r.invited
    INTO found FROM rooms r LEFT JOIN LATERAL (
        SELECT id, at FROM messages WHERE room = r.no ORDER BY id DESC LIMIT 1
    ) m ON true WHERE r.name = wanted;
    RETURN found;
END $$;

CREATE FUNCTION room_v1(wanted text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    found bigint;
BEGIN
    SELECT no INTO found FROM rooms WHERE name = wanted;
    IF found IS NULL THEN
        INSERT INTO rooms (name) VALUES (wanted) RETURNING no INTO found;
        IF wanted LIKE '@%' THEN
            INSERT INTO direct_rooms SELECT DISTINCT party, found
            FROM unnest(string_to_array(substr(wanted, 2), '+')) AS party;
        END IF;
    END IF;
    RETURN found;
END $$;

-- Store messages all of which are the next of their clients, in rooms in which something was said in this epoch.
-- NULL: they are not all like that, and nothing was stored.
CREATE FUNCTION append_all_v1(run json, now_epoch integer) RETURNS text LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    verdicts text;
BEGIN
    WITH said AS MATERIALIZED (
        SELECT g.room AS name, g.sender, coalesce(g.text, '') AS text, g.at, coalesce(g.act, false) AS act,
            decode(coalesce(g.client, ''), 'base64') AS client, g.n, coalesce(g.account, '') AS account, g.digest, g.received,
            coalesce(g.refused, false) AS refused, g.i
        FROM ROWS FROM (json_to_recordset(run) AS (
            room text, sender text, text text, at bigint, act boolean, client text, n bigint, account text,
            digest bigint, received bigint, refused boolean
        )) WITH ORDINALITY AS g(
            room, sender, text, at, act, client, n, account, digest, received, refused, i
        )
    ), used AS MATERIALIZED (
        SELECT r.no, r.name, coalesce(m.id, r.base) AS head, coalesce(m.at, r.aged) AS at
        FROM (SELECT DISTINCT name FROM said) s JOIN rooms r ON r.name = s.name AND r.epoch = now_epoch
        LEFT JOIN LATERAL (SELECT id, at FROM messages WHERE room = r.no ORDER BY id DESC LIMIT 1) m ON true
    ), counts AS MATERIALIZED (
        SELECT c.no, c.client, coalesce(
            (SELECT n FROM messages WHERE room = c.no AND client = c.client AND n IS NOT NULL ORDER BY n DESC LIMIT 1),
            (SELECT n FROM digests WHERE room = c.no AND client = c.client ORDER BY n DESC LIMIT 1), 0
        ) AS last
        FROM (SELECT DISTINCT u.no, s.client FROM said s JOIN used u USING (name) WHERE s.n IS NOT NULL) c
    ), judged AS MATERIALIZED (
        SELECT s.*, u.no, u.head + row_number() OVER (PARTITION BY u.no ORDER BY s.i) AS id,
            greatest(u.at, max(s.at) OVER (PARTITION BY u.no ORDER BY s.i)) AS stamped,
            NOT s.refused AND u.no IS NOT NULL AND (s.n IS NULL OR s.n = c.last + row_number() OVER (
                PARTITION BY u.no, s.client, s.n IS NULL ORDER BY s.i
            )) AS is_next
        FROM said s LEFT JOIN used u USING (name)
        LEFT JOIN counts c ON c.no = u.no AND c.client = s.client AND s.n IS NOT NULL
    ), verdict AS MATERIALIZED (
        SELECT bool_and(is_next) AS is_good FROM judged
    ), stored AS (
        INSERT INTO messages (room, id, at, n, digest, received, act, sender, account, client, text)
        SELECT no, id, stamped, n, digest, coalesce(received, CASE WHEN stamped - at > 3600000 THEN at END),
            act, sender, account, client, text
        FROM judged WHERE (SELECT is_good FROM verdict)
    )
    SELECT string_agg(
        CASE WHEN stamped = at THEN id::text ELSE format('[0,%s,%s]', id, stamped) END, ',' ORDER BY i
    ) INTO verdicts FROM judged WHERE (SELECT is_good FROM verdict);
    RETURN verdicts;
END $$;

-- The verdict on a count: NULL, if it is the next one, or there is none.
CREATE FUNCTION count_v1(no bigint, g given, target bigint) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    last bigint;
    who bytea := decode(coalesce(g.client, ''), 'base64');
    found record;
BEGIN
    IF g.n IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT coalesce(
        (SELECT n FROM messages WHERE room = no AND client = who AND n IS NOT NULL ORDER BY n DESC LIMIT 1),
        (SELECT n FROM digests WHERE room = no AND client = who ORDER BY n DESC LIMIT 1), 0
    ) INTO last;
    IF g.n = last + 1 THEN
        RETURN NULL;
    ELSIF g.n > last THEN
        RETURN format('[3,%s]', last + 1);
    ELSIF g.n <= last - 1000 THEN
        RETURN '[1,null]';
    END IF;
    SELECT id, digest, replaces, redacts INTO found FROM (
        SELECT id, digest, replaces, redacts FROM messages WHERE room = no AND client = who AND n = g.n
        UNION ALL SELECT id, digest, replaces, redacts FROM digests WHERE room = no AND client = who AND n = g.n
    ) one;
    IF found IS NULL THEN
        RETURN '[1,null]';
    ELSIF (found.digest, coalesce(found.replaces, 0), coalesce(found.redacts, 0)) = (
        g.digest, CASE WHEN g.replaces IS NULL THEN 0 ELSE target END, CASE WHEN g.redacts IS NULL THEN 0 ELSE target END
    ) THEN
        RETURN format('[1,%s]', found.id);
    END IF;
    RETURN '[2]';
END $$;

-- Store one message, and return its verdict.
CREATE FUNCTION append_one_v1(g given, keep bigint, now_epoch integer, target bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    r standing := standing_v1(g.room, keep, now_epoch);
    verdict text := count_v1(r.no, g, target);
    new_id bigint := coalesce(r.head, 0) + 1;
    new_at bigint := greatest(r.at, g.at);
    number bigint := r.no;
BEGIN
    IF verdict IS NOT NULL THEN
        RETURN verdict;
    ELSIF g.refused THEN
        RETURN '[4]';
    END IF;
    IF r.started IS NOT TRUE THEN
        number := room_v1(g.room);
        INSERT INTO epoch_starts VALUES (number, now_epoch, new_id - 1);
        UPDATE rooms SET epoch = now_epoch WHERE no = number;
    END IF;
    INSERT INTO messages (
        room, id, at, n, digest, received, replaces, redacts, act, sender, account, client, text
    ) VALUES (
        number, new_id, new_at, g.n, CASE WHEN g.n IS NOT NULL THEN g.digest END,
        coalesce(g.received, CASE WHEN new_at - g.at > 3600000 THEN g.at END),
        CASE WHEN g.replaces IS NOT NULL THEN target END, CASE WHEN g.redacts IS NOT NULL THEN target END,
        coalesce(g.act, false), coalesce(g.sender, ''), coalesce(g.account, ''), decode(coalesce(g.client, ''), 'base64'), coalesce(g.text, '')
    );
    RETURN format('[0,%s,%s]', new_id, new_at);
END $$;

CREATE FUNCTION is_own_v1(m messages, g given) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN CASE WHEN m.account <> '' THEN m.account = coalesce(g.account, '')
        ELSE m.client <> '' AND m.client = decode(coalesce(g.client, ''), 'base64') END;
END $$;

-- The id of the message that a correction means: the first one, if it names a replacement; the author's newest of the last
-- 5000, if it names 0.
CREATE FUNCTION target_v1(r standing, g given) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
    wanted bigint := coalesce(g.redacts, g.replaces);
    found bigint;
BEGIN
    IF wanted = 0 THEN
        SELECT m.id INTO found FROM messages m
        WHERE m.room = r.no AND m.id >= greatest(r.first, r.head - 4999) AND is_own_v1(m, g)
        AND m.replaces IS NULL AND m.redacts IS NULL AND NOT m.redacted ORDER BY m.id DESC LIMIT 1;
        RETURN coalesce(found, 0);
    END IF;
    SELECT m.replaces INTO found FROM messages m WHERE m.room = r.no AND m.id = wanted;
    RETURN CASE WHEN found >= r.first THEN found ELSE wanted END;
END $$;

-- [target, verdict, redacted ids, what the rules look at: id, at, own, is a redaction, redacted]
CREATE FUNCTION correct_v1(g given, keep bigint, now_epoch integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    r standing := standing_v1(g.room, keep, now_epoch);
    target bigint := CASE WHEN r.no IS NULL THEN coalesce(g.redacts, g.replaces) ELSE target_v1(r, g) END;
    m messages;
    is_own boolean;
    is_good boolean;
    facts text := 'null';
    verdict text;
    gone text;
BEGIN
    SELECT * INTO m FROM messages x WHERE x.room = r.no AND x.id = target AND x.id >= r.first;
    IF m.id IS NOT NULL THEN
        is_own := is_own_v1(m, g);
        facts := json_build_array(m.id, m.at, is_own, m.redacts IS NOT NULL, m.redacted);
        is_good := m.redacts IS NULL AND NOT m.redacted AND (
            g.operator AND g.redacts IS NOT NULL OR is_own AND g.within > 0 AND g.at - m.at <= g.within
        );
    END IF;
    IF is_good IS NOT TRUE AND g.refused IS NOT TRUE THEN
        g.refused := true;
        verdict := coalesce(count_v1(r.no, g, target), '[5]');
    ELSE
        verdict := append_one_v1(g, keep, now_epoch, target);
    END IF;
    IF verdict LIKE '[0,%' AND g.redacts IS NOT NULL THEN
        WITH redacted AS (
            UPDATE messages x SET text = '', redacted = true
            WHERE x.room = m.room AND (x.id = coalesce(m.replaces, m.id) OR x.replaces = coalesce(m.replaces, m.id))
            RETURNING x.id
        ) SELECT json_agg(id) INTO gone FROM redacted;
    END IF;
    RETURN format('[%s,%s,%s,%s]', target, verdict, coalesce(gone, '[]'), facts);
END $$;

-- Whether an epoch and an id in a room name a position in this log.
CREATE FUNCTION is_known_v1(r standing, named text, after bigint, now_epoch integer) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
DECLARE
    number integer;
BEGIN
    SELECT no INTO number FROM epochs WHERE token = named;
    IF named IS NULL OR number = now_epoch THEN
        RETURN after <= coalesce(r.head, 0);
    END IF;
    RETURN number IS NOT NULL AND after <= coalesce((
        SELECT s.head FROM epoch_starts s WHERE s.room = r.no AND s.epoch > number ORDER BY s.epoch LIMIT 1
    ), r.head, 0);
END $$;

CREATE FUNCTION join_v1(g given, keep bigint, now_epoch integer) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    r standing := standing_v1(g.room, keep, now_epoch);
    who text := coalesce(g.account, '');
    reader bytea := decode(coalesce(g.client, ''), 'base64');
    may boolean := NOT coalesce(r.private, false) OR who <> '' AND (who = r.owner OR who = ANY (r.invited));
BEGIN
    IF g.room LIKE '@%' THEN
        may := who <> '' AND who = ANY (string_to_array(substr(g.room, 2), '+'));
    END IF;
    IF NOT may THEN
        RETURN '[6]';
    END IF;
    RETURN json_build_array(
        0, coalesce(r.head, 0), coalesce(r.first, 1), coalesce(
            (SELECT m.n FROM messages m WHERE m.room = r.no AND m.client = reader
                AND m.n IS NOT NULL ORDER BY m.n DESC LIMIT 1),
            (SELECT d.n FROM digests d WHERE d.room = r.no AND d.client = reader
                ORDER BY d.n DESC LIMIT 1), 0
        ), coalesce(r.topic, ''), coalesce(r.topic_by, ''), coalesce((
            SELECT k.id FROM marks k WHERE k.room = r.no AND k.account = who
            AND k.client = CASE WHEN who = '' THEN reader ELSE '' END
        ), 0), coalesce(r.owner, ''), coalesce(r.private, false), coalesce(r.invited, '{}'),
        is_known_v1(r, g.epoch, coalesce(g.after, 0), now_epoch)
    );
END $$;

CREATE FUNCTION mark_v1(g given, keep bigint, now_epoch integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    r standing := standing_v1(g.room, keep, now_epoch);
    who text := coalesce(g.account, '');
    reader bytea := CASE WHEN who = '' THEN decode(coalesce(g.client, ''), 'base64') ELSE '' END;
    mark bigint;
BEGIN
    IF g.id > coalesce(r.head, 0) THEN
        RETURN '[7]';
    END IF;
    SELECT id INTO mark FROM marks k WHERE k.account = who AND k.client = reader AND k.room = r.no;
    IF g.id <= coalesce(mark, 0) THEN
        RETURN format('[1,%s]', coalesce(mark, 0));
    END IF;
    INSERT INTO marks VALUES (who, reader, r.no, g.id, g.at)
    ON CONFLICT (account, client, room) DO UPDATE SET id = excluded.id, at = excluded.at;
    RETURN '[0]';
END $$;

CREATE FUNCTION topic_v1(g given) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    number bigint := room_v1(g.room);
BEGIN
    UPDATE rooms SET topic = coalesce(g.text, ''), topic_by = coalesce(g.sender, '') WHERE no = number;
    RETURN '[0]';
END $$;

-- Change who may join a room: 'p' makes it private or opens it, 'i' invites, 'x' closes it.
CREATE FUNCTION access_v1(kind text, g given, keep bigint, now_epoch integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    r standing := standing_v1(g.room, keep, now_epoch);
    new_owner text := coalesce(r.owner, '');
    is_private boolean := coalesce(r.private, false);
    guests text[] := coalesce(r.invited, '{}');
    who text := coalesce(g.account, '');
    may boolean := false;
    number bigint;
BEGIN
    IF g.room LIKE '@%' THEN
        may := false;
    ELSIF kind = 'p' AND g.wanted THEN
        may := who <> '' AND new_owner IN ('', who);
        new_owner := who;
        is_private := true;
        guests := array(SELECT DISTINCT unnest(guests || g.members));
    ELSIF kind = 'p' THEN
        may := who <> '' AND who = new_owner OR coalesce(g.operator, false) AND is_private;
        new_owner := CASE WHEN who = new_owner THEN who ELSE '' END;
        is_private := false;
        guests := '{}';
    ELSIF kind = 'i' THEN
        may := coalesce(g.asker, '') <> '' AND g.asker = new_owner;
        guests := array_remove(guests, who) || CASE WHEN g.wanted THEN ARRAY[who] ELSE '{}' END;
    ELSE
        may := is_private;
        guests := '{}';
    END IF;
    IF NOT may THEN
        RETURN '[6]';
    END IF;
    number := room_v1(g.room);
    UPDATE rooms SET owner = new_owner, private = is_private, invited = guests WHERE no = number;
    RETURN json_build_array(0, new_owner, is_private, guests);
END $$;

CREATE FUNCTION append_run_v1(kind text, run json, keep bigint, now_epoch integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    verdicts text;
    g given;
    verdict text;
BEGIN
    IF kind = 'm' THEN
        verdicts := append_all_v1(run, now_epoch);
        IF verdicts IS NOT NULL THEN
            RETURN verdicts;
        END IF;
    END IF;
    FOR g IN SELECT * FROM json_populate_recordset(NULL::given, run) LOOP
        verdict := CASE kind
            WHEN 'm' THEN append_one_v1(g, keep, now_epoch, NULL)
            WHEN 'c' THEN correct_v1(g, keep, now_epoch)
            WHEN 'j' THEN join_v1(g, keep, now_epoch)
            WHEN 'l' THEN format('[9,%s]', join_v1(g, keep, now_epoch))
            WHEN 'k' THEN mark_v1(g, keep, now_epoch)
            WHEN 't' THEN topic_v1(g)
            ELSE access_v1(kind, g, keep, now_epoch)
        END;
        verdicts := concat_ws(',', verdicts, verdict);
    END LOOP;
    RETURN verdicts;
END $$;

-- Everything that changes the log holds one lock to the end of its transaction, so that the order of seq is the order of commits.
-- It has to be a statement of its own: the next one sees what was committed before.

-- Store a bundle. The other nodes are woken.
CREATE FUNCTION bundle_v1(me integer, number bigint, new_entries bytea, new_verdicts text, others integer[]) RETURNS bigint
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    new_seq bigint;
BEGIN
    INSERT INTO bundles (seq, node, batch, entries, verdicts)
    VALUES (coalesce((SELECT max(b.seq) FROM bundles b), 0) + 1, me, number, new_entries, new_verdicts)
    RETURNING seq INTO new_seq;
    PERFORM pg_notify('groupchat_' || other, '') FROM unnest(others) AS other;
    RETURN new_seq;
END $$;

-- Fail, unless a node takes part.
CREATE FUNCTION fence_v1(me integer, secret text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM nodes WHERE no = me AND token = secret) THEN
        RAISE EXCEPTION 'node % takes no part any more', me USING ERRCODE = 'GC001';
    END IF;
END $$;

-- Give each entry of a batch its place, and store it: one run of entries of one kind after the other. `asked` is a run,
-- or the list of several. Asked again, it answers again. `new_seq` is NULL where nothing was stored, since other nodes need the entries.
CREATE FUNCTION append_v1(
    me integer, secret text, number bigint, kinds text, asked json, keep bigint, new_entries bytea,
    OUT new_seq bigint, OUT new_verdicts text
) LANGUAGE plpgsql AS $$
DECLARE
    others integer[];
    now_epoch integer;
    runs json[];
BEGIN
    PERFORM pg_advisory_xact_lock(1735550824);
    PERFORM fence_v1(me, secret);
    SELECT seq, verdicts INTO new_seq, new_verdicts FROM bundles WHERE node = me AND batch = number;
    IF new_seq IS NOT NULL THEN
        RETURN;
    END IF;
    SELECT array_agg(no) INTO others FROM nodes WHERE no <> me;
    IF others IS NOT NULL AND new_entries IS NULL THEN
        RETURN;
    END IF;
    SELECT max(no) INTO now_epoch FROM epochs;
    runs := CASE WHEN length(kinds) = 1 THEN ARRAY[asked] ELSE array(SELECT json_array_elements(asked)) END;
    FOR i IN 1 .. length(kinds) LOOP
        new_verdicts := concat_ws(',', new_verdicts, append_run_v1(substr(kinds, i, 1), runs[i], keep, now_epoch));
    END LOOP;
    new_verdicts := '[' || coalesce(new_verdicts, '') || ']';
    new_seq := bundle_v1(me, number, new_entries, new_verdicts, others);
END $$;

-- Nodes.

-- The engine and its history: another one after a promotion, or where the database was copied to another engine.
CREATE FUNCTION engine_v1() RETURNS text LANGUAGE sql AS $$
    SELECT system_identifier || '/' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) FROM pg_control_system()
$$;

-- Take part as a new node.
CREATE FUNCTION register_v1(secret text, label text, OUT me integer, OUT joined bigint, OUT others integer[])
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(1735550824);
    SELECT array_agg(n.no ORDER BY n.no) INTO others FROM nodes n;
    INSERT INTO nodes (token, name) VALUES (secret, label) RETURNING no INTO me;
    joined := bundle_v1(me, 0, NULL, '[]', others);
    others := coalesce(others, '{}');
END $$;

-- Begin an epoch: nobody can tell whether the log is the one that the last epoch was of.
CREATE FUNCTION epoch_v1(me integer, secret text, new_epoch text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(1735550824);
    PERFORM fence_v1(me, secret);
    INSERT INTO epochs (token, engine) VALUES (new_epoch, engine_v1());
END $$;

-- Say that a node lives. This is its join commit, too: what it reads after it is on the standbys.
CREATE FUNCTION beat_v1(
    me integer, secret text, new_epoch text, OUT reached bigint, OUT epoch text, OUT others integer[], OUT beats bigint[],
    OUT held boolean[], OUT readies boolean[]
) LANGUAGE plpgsql AS $$
DECLARE
    now_engine text := engine_v1();
BEGIN
    UPDATE nodes SET beat = beat + 1 WHERE no = me AND token = secret;
    PERFORM fence_v1(me, secret);
    IF now_engine <> (SELECT e.engine FROM epochs e ORDER BY e.no DESC LIMIT 1) THEN
        PERFORM pg_advisory_xact_lock(1735550824);
        INSERT INTO epochs (token, engine) SELECT new_epoch, now_engine
        WHERE now_engine <> (SELECT e.engine FROM epochs e ORDER BY e.no DESC LIMIT 1);
    END IF;
    SELECT max(seq) INTO reached FROM bundles;
    SELECT e.token INTO epoch FROM epochs e ORDER BY e.no DESC LIMIT 1;
    SELECT coalesce(array_agg(n.no ORDER BY n.no), '{}'), coalesce(array_agg(n.beat ORDER BY n.no), '{}'),
        coalesce(array_agg(EXISTS (
            SELECT FROM pg_locks l WHERE l.locktype = 'advisory' AND l.classid = 1735550825 AND l.objid = n.no
            AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        ) ORDER BY n.no), '{}'), coalesce(array_agg(n.ready ORDER BY n.no), '{}')
    INTO others, beats, held, readies FROM nodes n WHERE n.no <> me;
END $$;

-- Declare a node dead whose beat stands still, unless it has gone on.
CREATE FUNCTION reap_v1(me integer, secret text, dead integer, last_beat bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(1735550824);
    PERFORM fence_v1(me, secret);
    DELETE FROM nodes WHERE no = dead AND beat = last_beat;
    IF FOUND THEN
        PERFORM bundle_v1(dead, -1, NULL, format('[%s]', me), array(SELECT no FROM nodes));
        RETURN true;
    END IF;
    RETURN false;
END $$;

-- Take part no more.
CREATE FUNCTION leave_v1(me integer, secret text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(1735550824);
    DELETE FROM nodes WHERE no = me AND token = secret;
    IF FOUND THEN
        PERFORM bundle_v1(me, -1, NULL, format('[%s]', me), array(SELECT no FROM nodes));
    END IF;
END $$;

-- Keep what a node knows, for one that joins.
CREATE FUNCTION snapshot_v1(me integer, secret text, reached bigint, new_state bytea) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM fence_v1(me, secret);
    INSERT INTO snapshots VALUES (reached, new_state) ON CONFLICT DO NOTHING;
    DELETE FROM snapshots WHERE seq < reached;
    PERFORM pg_notify('groupchat_' || no, '') FROM nodes WHERE no <> me;
END $$;

-- Delete bundles that every node has. The newest one stays, and the last one of each node.
CREATE FUNCTION trim_v1(me integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM bundles b WHERE seq < (SELECT max(seq) FROM bundles)
    AND (at < now() - interval '60 s' OR NOT EXISTS (SELECT FROM nodes WHERE no <> me))
    AND NOT EXISTS (
        SELECT FROM nodes n WHERE n.no = b.node AND b.batch = (SELECT max(x.batch) FROM bundles x WHERE x.node = n.no)
    );
END $$;

-- Retention.

-- Let messages go that are too old: those of a time before `oldest`, in a room whose first one is not surely of a time from it
-- to `today`.
CREATE FUNCTION age_v1(number bigint, today bigint, oldest bigint) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    r rooms;
    young bigint;
    old record;
BEGIN
    SELECT * INTO r FROM rooms WHERE no = number;
    SELECT id INTO young FROM messages
    WHERE room = number AND id >= r.first AND coalesce(received, at) BETWEEN oldest AND today ORDER BY id LIMIT 1;
    SELECT id, coalesce(received, at) AS time INTO old FROM messages
    WHERE room = number AND id >= r.first AND (young IS NULL OR id < young) AND coalesce(received, at) < oldest
    AND coalesce(received, at) >= CASE
        WHEN r.aged > 1577836800000 AND r.aged <= today THEN r.aged ELSE 1577836800000
    END ORDER BY time DESC, id DESC LIMIT 1;
    UPDATE rooms SET first = old.id + 1, aged = old.time WHERE no = number AND old.id IS NOT NULL;
END $$;

-- Delete the first messages of a room that are no longer kept, but keep the digests that are still needed.
CREATE FUNCTION delete_v1(number bigint, most bigint) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    r rooms;
    high bigint;
BEGIN
    SELECT * INTO r FROM rooms WHERE no = number;
    SELECT max(id) INTO high FROM (
        SELECT id FROM messages WHERE room = number AND id < r.first ORDER BY id LIMIT most
    ) found;
    INSERT INTO digests
    SELECT m.room, m.client, m.n, m.id, m.digest, m.replaces, m.redacts, m.at FROM messages m
    WHERE m.room = number AND m.id <= high AND m.n > (
        SELECT max(x.n) FROM messages x WHERE x.room = number AND x.client = m.client AND x.n IS NOT NULL
    ) - 1000 ON CONFLICT DO NOTHING;
    DELETE FROM digests d WHERE d.room = number AND d.client IN (
        SELECT client FROM messages WHERE room = number AND id <= high AND n IS NOT NULL
    ) AND d.n <= (
        SELECT max(x.n) FROM messages x WHERE x.room = number AND x.client = d.client AND x.n IS NOT NULL
    ) - 1000;
    DELETE FROM messages WHERE room = number AND id <= high;
    UPDATE rooms SET base = greatest(base, high) WHERE no = number;
END $$;

-- A bounded amount of work now and then. Returns the last room whose age was looked at; 0: all of them.
CREATE FUNCTION prune_v1(
    me integer, secret text, keep bigint, today bigint, oldest bigint, after bigint, most_rooms bigint, most_messages bigint
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    aging bigint[];
    full_rooms bigint[];
BEGIN
    SELECT array_agg(no) INTO aging FROM (
        SELECT r.no FROM rooms r WHERE r.no > after AND oldest IS NOT NULL AND (
            SELECT coalesce(m.received, m.at) BETWEEN oldest AND today FROM messages m
            WHERE m.room = r.no AND m.id >= r.first ORDER BY m.id LIMIT 1
        ) IS FALSE ORDER BY r.no LIMIT most_rooms
    ) found;
    SELECT array_agg(r.no) INTO full_rooms FROM rooms r WHERE keep IS NOT NULL
    AND (SELECT m.id FROM messages m WHERE m.room = r.no ORDER BY m.id DESC LIMIT 1) + 1 - keep > r.first;
    PERFORM pg_advisory_xact_lock(1735550824);
    PERFORM fence_v1(me, secret);
    PERFORM age_v1(room, today, oldest) FROM unnest(aging) AS room;
    UPDATE rooms r SET first = (SELECT m.id FROM messages m WHERE m.room = r.no ORDER BY m.id DESC LIMIT 1) + 1 - keep
    WHERE r.no = ANY (full_rooms);
    PERFORM delete_v1(found.no, most_messages) FROM (
        SELECT r.no FROM rooms r WHERE r.first > 1
        AND EXISTS (SELECT FROM messages m WHERE m.room = r.no AND m.id < r.first) LIMIT most_rooms
    ) found;
    RETURN CASE WHEN cardinality(aging) = most_rooms THEN aging[most_rooms] ELSE 0 END;
END $$;

-- Forget what guests have read who were not seen for 30 days, and counts of messages that are gone for as long. It takes no lock:
-- a batch that needs one of these rows waits for it alone.
CREATE FUNCTION forget_v1(today bigint) RETURNS void LANGUAGE sql AS $$
    DELETE FROM marks WHERE client <> '' AND at < today - 2592000000;
    DELETE FROM digests WHERE at < today - 2592000000;
$$;

-- The time of the newest message, of those up to a time.
CREATE FUNCTION newest_v1(until bigint) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT max((
        SELECT coalesce(m.received, m.at) FROM messages m
        WHERE m.room = r.no AND coalesce(m.received, m.at) BETWEEN 1577836800000 AND until ORDER BY m.id DESC LIMIT 1
    )) FROM rooms r
$$;
