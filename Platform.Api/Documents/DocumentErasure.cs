using Npgsql;

namespace Platform.Api.Documents;

/// <summary>
/// Deletes documents for good: the rows with their texts and waiting work, in the transaction that the command is part of; the objects
/// and the entries in the search index afterwards, by the sweeper and the queue, which that transaction tells.
/// </summary>
internal static class DocumentErasure
{
    /// <summary>Of a contact, which can be deleted in the same batch afterwards.</summary>
    public static NpgsqlBatchCommand OfContact(string contactId, string requestedBy) =>
        Where("contact_id = $1", contactId, requestedBy);

    /// <summary>Of one document that is in the trash.</summary>
    public static NpgsqlBatchCommand OfTrashed(Guid id, string requestedBy) =>
        Where("id = $1 AND deleted_at IS NOT NULL", id, requestedBy);

    /// <summary>Of all that have been in the trash for longer.</summary>
    public static NpgsqlBatchCommand OfTrashedFor(TimeSpan retention, string requestedBy) =>
        Where("deleted_at < now() - $1", retention, requestedBy);

    /// <summary>Returns the ids of what was deleted.</summary>
    private static NpgsqlBatchCommand Where(string condition, object value, string requestedBy) => new($"""
        WITH erased AS (
            DELETE FROM documents WHERE {condition} RETURNING id, object_key
        ), withdrawn AS (
            DELETE FROM document_tasks USING erased WHERE document_id = erased.id AND state = 'queued' AND kind <> 'unindex'
        ), objects AS (
            INSERT INTO unreferenced_objects (key, delete_after) SELECT object_key, now() FROM erased
        ), tasks AS (
            INSERT INTO document_tasks (kind, document_id, requested_by) SELECT 'unindex', id, $2 FROM erased ON CONFLICT DO NOTHING
        )
        SELECT id FROM erased
        """)
    {
        Parameters = { new() { Value = value }, new() { Value = requestedBy } },
    };
}
