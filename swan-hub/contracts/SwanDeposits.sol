// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

interface Token {
    function balanceOf(address owner) external view returns (uint256);
}

/// Takes deposits for accounts of a Swan hub: tokens go from whoever calls straight to the treasury, and the event says whose
/// they are. It holds nothing, has no owner, and cannot be changed; another token or treasury is another contract.
contract SwanDeposits {
    /// Tokens have gone to the treasury. `account` is the reference of one; `amount` is what arrived there.
    event Deposited(address indexed token, address indexed from, bytes32 indexed account, uint256 amount);

    /// The token is none that this contract takes, so that nobody loses what the hub cannot credit.
    error TokenNotTaken(address token);
    /// A deposit of nothing, or one that names nobody.
    error NothingToDeposit();
    /// The token said no.
    error TransferFailed(address token);

    /// Where everything goes.
    address public immutable treasury;
    /// Which tokens are taken.
    mapping(address => bool) public accepts;

    constructor(address treasury_, address[] memory tokens) {
        require(treasury_ != address(0), "no treasury");
        treasury = treasury_;
        for (uint256 i = 0; i < tokens.length; i++) {
            accepts[tokens[i]] = true;
        }
    }

    /// Sends `amount` of `token`, for which this contract was approved, to the treasury, for the account of which `account` is the reference.
    function deposit(address token, uint256 amount, bytes32 account) external {
        if (!accepts[token]) revert TokenNotTaken(token);
        if (amount == 0 || account == bytes32(0)) revert NothingToDeposit();
        uint256 before = Token(token).balanceOf(treasury);
        // transferFrom(address,address,uint256); some tokens answer nothing where the standard says `true`.
        (bool done, bytes memory said) = token.call(
            abi.encodeWithSelector(0x23b872dd, msg.sender, treasury, amount)
        );
        if (!done || (said.length != 0 && !abi.decode(said, (bool)))) revert TransferFailed(token);
        // A token that keeps a fee brings less than was sent.
        uint256 arrived = Token(token).balanceOf(treasury) - before;
        if (arrived == 0) revert TransferFailed(token);
        emit Deposited(token, msg.sender, account, arrived);
    }
}
