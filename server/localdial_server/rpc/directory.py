"""The Directory service."""

from localdial.v1 import directory_pb2 as pb
from localdial_server.app.directory import Directory
from localdial_server.rpc.encoding import organization, organization_message, user, user_message
from localdial_server.rpc.paging import Page


class DirectoryServicer:
    """Serves organizations and their users."""

    def __init__(self, use_cases: Directory) -> None:
        self._use_cases = use_cases

    async def set_organization(self, request: pb.SetOrganizationRequest) -> pb.SetOrganizationResponse:
        wanted = organization(request.organization)
        revision = await self._use_cases.set_organization(wanted)
        return pb.SetOrganizationResponse(
            organization=organization_message(wanted, revision), revision=revision
        )

    async def get_organization(self, request: pb.GetOrganizationRequest) -> pb.GetOrganizationResponse:
        found, revision = await self._use_cases.get_organization(request.organization_id)
        return pb.GetOrganizationResponse(organization=organization_message(found, revision))

    async def list_organizations(self, request: pb.ListOrganizationsRequest) -> pb.ListOrganizationsResponse:
        page = Page(request, ("",))
        found, total = await self._use_cases.list_organizations(*page.cursor, page.limit)
        organizations, token = page.cut(found, lambda item: (item[0].organization_id,))
        return pb.ListOrganizationsResponse(
            organizations=[organization_message(*item) for item in organizations],
            next_page_token=token,
            total_size=total,
        )

    async def delete_organization(
        self, request: pb.DeleteOrganizationRequest
    ) -> pb.DeleteOrganizationResponse:
        revision = await self._use_cases.delete_organization(request.organization_id)
        return pb.DeleteOrganizationResponse(revision=revision)

    async def set_user(self, request: pb.SetUserRequest) -> pb.SetUserResponse:
        wanted = user(request.user)
        revision = await self._use_cases.set_user(wanted)
        return pb.SetUserResponse(user=user_message(wanted), revision=revision)

    async def get_user(self, request: pb.GetUserRequest) -> pb.GetUserResponse:
        found = await self._use_cases.get_user(request.organization_id, request.user_id)
        return pb.GetUserResponse(user=user_message(found))

    async def list_users(self, request: pb.ListUsersRequest) -> pb.ListUsersResponse:
        page = Page(request, ("",))
        found, total = await self._use_cases.list_users(request.organization_id, *page.cursor, page.limit)
        users, token = page.cut(found, lambda item: (item.user_id,))
        return pb.ListUsersResponse(users=map(user_message, users), next_page_token=token, total_size=total)

    async def delete_user(self, request: pb.DeleteUserRequest) -> pb.DeleteUserResponse:
        revision = await self._use_cases.delete_user(request.organization_id, request.user_id)
        return pb.DeleteUserResponse(revision=revision)

    async def batch_set_users(self, request: pb.BatchSetUsersRequest) -> pb.BatchSetUsersResponse:
        wanted = [user(message) for message in request.users]
        revision = await self._use_cases.set_users(
            request.organization_id, wanted, validate_only=request.validate_only
        )
        return pb.BatchSetUsersResponse(users=map(user_message, wanted), revision=revision)
