/// Which groups there are: a line each.
enum HarborMapping {
    static func groups(_ platform: Platform) -> [any HarborGroup] {
        [
            SystemGroup(platform: platform),
            JobServiceGroup(platform: platform), ScheduleGroup(platform: platform),
            GarbageCollectionGroup(platform: platform), PurgeGroup(platform: platform),
            AuditGroup(platform: platform),
            ConfigureGroup(platform: platform),
            QuotaGroup(platform: platform),
            ImmutableGroup(platform: platform),
            RetentionGroup(platform: platform),
            WebhookGroup(platform: platform),
            UsersGroup(platform: platform),
            UserGroupsGroup(platform: platform),
            AuditorGroup(platform: platform),
            ProjectGroup(platform: platform),
            ProjectMetadataGroup(platform: platform),
            MemberGroup(platform: platform),
            GrantGroup(platform: platform),
            RobotGroup(platform: platform),
            PermissionsGroup(platform: platform),
            HealthGroup(platform: platform),
            SystemInfoGroup(platform: platform),
            CVEAllowlistGroup(platform: platform),
            RepositoryGroup(platform: platform),
            ArtifactGroup(platform: platform),
            LabelGroup(platform: platform),
            SearchGroup(platform: platform),
            LdapGroup(platform: platform),
            OidcGroup(platform: platform),
        ]
    }
}
