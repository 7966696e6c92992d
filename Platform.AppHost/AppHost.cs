// The architecture of Platform, top to bottom: what there is, and what depends on what. How a server is run is in its folder.

var builder = DistributedApplication.CreateBuilder(args)
    .KeepSecretsFromPrograms()
    .AddReadableConsole()
    .AddOrderlyStop()
    .CheckBeforeStart()
    .AddComposeEnvironment();
var topology = await builder.ChooseTopologyAsync();

var mail = builder.AddMail("mail", topology);
var apiKey = builder.AddSecret(KnownParameters.ApiKey);
var api = builder.AddApi("api", topology)
    .WithEnvironment("Security__BootstrapKey", apiKey)
    .WithReindexCommand(apiKey)
    .WithBackupCommand(apiKey)
    .WithEnvironment("Links__SigningKey", builder.AddSecret(KnownParameters.LinkKey))
    .WithMail(mail);

var edge = builder.AddEdge("edge").WithReference(api).WaitFor(api).WithSignIn(api).WithTls();

var postgresPassword = builder.AddSecret(KnownParameters.PostgresPassword);
Watched watched;
if (topology == PlatformTopology.Containers)
{
    var postgres = builder.AddPostgres("postgres", password: postgresPassword).WithPlatformDefaults("platformdb");
    var database = postgres.AddDatabase("platformdb");
    var storage = builder.AddObjectStorage(
        "minio", builder.AddChoice(KnownParameters.StorageUser, "platform"), builder.AddSecret(KnownParameters.StoragePassword));
    var search = builder.AddSearch("meilisearch", builder.AddSecret(KnownParameters.SearchKey));

    api.WithReference(database).WaitFor(database)
        .WithObjectStorage(storage).WaitFor(storage)
        .WithSearch(search).WaitFor(search)
        .WithBackups(storage.Bucket("platform-backups"));

    edge.WithApplication(storage, ObjectStorageExtensions.ConsoleEndpointName)
        .WithApplication(search)
        .WithApplication(builder.AddPgAdmin("pgadmin", postgres))
        .WithKeycloakIfAsked("keycloak", postgres);
    builder.AddTunnelIfGiven("tunnel", edge);
    watched = new(api, edge)
    {
        Postgres = postgres, PostgresPassword = postgresPassword, ObjectStorage = storage, Search = search, Mail = mail,
    };
}
else
{
    var postgres = builder.AddPostgresProcess("postgres", postgresPassword);
    var database = postgres.AddDatabase("platformdb");
    var files = Path.Combine(builder.DataDirectory(), "objects");

    api.WithReference(database).WaitFor(database)
        .WithFileStorage(files)
        .WithBackupFolder();
    database.WithResetCommand(api, files);
    watched = new(api, edge) { Postgres = postgres, PostgresPassword = postgresPassword, Mail = mail };
}

api.WithRestoreIfAsked("restore", args);
builder.AddMonitoring(topology, watched);

return await builder.Build().RunToExitCodeAsync();
