-- Messages that no program answers. Nodes of the version before say none, and their calls mean what they meant.
ALTER TABLE messages ADD COLUMN notice boolean NOT NULL DEFAULT false;
ALTER TYPE given ADD ATTRIBUTE notice boolean;

CREATE OR REPLACE FUNCTION append_all_v1(run json, now_epoch integer) RETURNS text LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    verdicts text;
BEGIN
    WITH said AS MATERIALIZED (
        SELECT g.room AS name, g.sender, coalesce(g.text, '') AS text, g.at, coalesce(g.act, false) AS act,
            coalesce(g.notice, false) AS notice,
            decode(coalesce(g.client, ''), 'base64') AS client, g.n, coalesce(g.account, '') AS account, g.digest, g.received,
            coalesce(g.refused, false) AS refused, g.i
        FROM ROWS FROM (json_to_recordset(run) AS (
            room text, sender text, text text, at bigint, act boolean, client text, n bigint, account text,
            digest bigint, received bigint, refused boolean, notice boolean
        )) WITH ORDINALITY AS g(
            room, sender, text, at, act, client, n, account, digest, received, refused, notice, i
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
        INSERT INTO messages (room, id, at, n, digest, received, act, notice, sender, account, client, text)
        SELECT no, id, stamped, n, digest, coalesce(received, CASE WHEN stamped - at > 3600000 THEN at END),
            act, notice, sender, account, client, text
        FROM judged WHERE (SELECT is_good FROM verdict)
    )
    SELECT string_agg(
        CASE WHEN stamped = at THEN id::text ELSE format('[0,%s,%s]', id, stamped) END, ',' ORDER BY i
    ) INTO verdicts FROM judged WHERE (SELECT is_good FROM verdict);
    RETURN verdicts;
END $$;

CREATE OR REPLACE FUNCTION append_one_v1(g given, keep bigint, now_epoch integer, target bigint) RETURNS text LANGUAGE plpgsql AS $$
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
        room, id, at, n, digest, received, replaces, redacts, act, notice, sender, account, client, text
    ) VALUES (
        number, new_id, new_at, g.n, CASE WHEN g.n IS NOT NULL THEN g.digest END,
        coalesce(g.received, CASE WHEN new_at - g.at > 3600000 THEN g.at END),
        CASE WHEN g.replaces IS NOT NULL THEN target END, CASE WHEN g.redacts IS NOT NULL THEN target END,
        coalesce(g.act, false), coalesce(g.notice, false), coalesce(g.sender, ''), coalesce(g.account, ''), decode(coalesce(g.client, ''), 'base64'), coalesce(g.text, '')
    );
    RETURN format('[0,%s,%s]', new_id, new_at);
END $$;
