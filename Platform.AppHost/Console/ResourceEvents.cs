namespace Platform.AppHost.Console;

/// <summary>What the console asks of resources.</summary>
internal static class ResourceEvents
{
    /// <summary>Whether it is about something that runs and that people see: no parameter, database or tool of Aspire's own.</summary>
    public static bool Runs(this ResourceEvent change) =>
        change.Resource is ExecutableResource or ProjectResource or ContainerResource
        && !change.Snapshot.IsHidden && !string.IsNullOrEmpty(change.Snapshot.State?.Text);

    /// <summary>How many instances of it run.</summary>
    public static int Replicas(this IResource resource) => resource.Annotations.OfType<ReplicaAnnotation>().LastOrDefault()?.Replicas ?? 1;

    /// <summary>What it waits for, each as what runs: a database is its server.</summary>
    public static IEnumerable<IResource> Dependencies(this IResource resource) => resource.Annotations.OfType<WaitAnnotation>()
        .Select(wait => wait.Resource is IResourceWithParent child ? child.Parent : wait.Resource);
}
