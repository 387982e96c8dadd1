-- /etc/tryton/requeue.sql, run before the worker starts
--
-- A worker that was killed leaves its task taken but not finished, and nothing
-- done: each task is one transaction.  As no worker runs now, such tasks
-- return to the queue.  Those that failed with a message stay, they are in
-- Administration > Errors.
UPDATE ir_queue SET dequeued_at = NULL
    WHERE finished_at IS NULL
        AND dequeued_at > now() AT TIME ZONE 'UTC' - interval '1 day'
        AND NOT EXISTS (
            SELECT 1 FROM ir_error WHERE origin = 'ir.queue,' || ir_queue.id);
